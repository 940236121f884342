// Package client tests the library's client by services and transports of others: a chi
// service, the petstore's public document, and the RoundTrippers of failsafe-go and
// OpenTelemetry.
//
// testdata/petstore.yaml is the document of https://petstore3.swagger.io, version 1.0.27,
// unchanged: its repository is github.com/swagger-api/swagger-petstore, and its licence
// the Apache License 2.0.
package client
