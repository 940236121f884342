module github.com/rcrowley/go-tigertonic

go 1.26

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/rcrowley/go-metrics v0.0.0-20250401214520-65e299d6c5c9
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
