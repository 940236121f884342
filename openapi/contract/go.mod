module github.com/rcrowley/go-tigertonic/openapi/contract

go 1.26.0

replace github.com/rcrowley/go-tigertonic => ../../

require (
	github.com/rcrowley/go-tigertonic v0.0.0-00010101000000-000000000000
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/rcrowley/go-metrics v0.0.0-20250401214520-65e299d6c5c9 // indirect
	golang.org/x/text v0.14.0 // indirect
)
