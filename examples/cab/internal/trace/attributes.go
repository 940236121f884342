// Package trace records what was called on behalf of a request, and shows it: spans go into
// a ring that never blocks, and from there into a store that keeps the slow and the failed
// traces; a picture shows what called what, and for how long.
package trace

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// The attributes of spans. That the service X has written one is said by its scope, whose
// name is X.
const (
	Attempt = attribute.Key("cab.attempt") // its number, of a span for an attempt
	Code    = attribute.Key("error.type")  // the dotted code
	Start   = attribute.Key("cab.start")   // of the span that opens a trace
	Keep    = attribute.Key("cab.keep")    // of a trace that is to be kept
)

// The attributes of the process that has written a span, which are those of its resource.
const (
	Instance = attribute.Key("service.instance.id")
	Host     = attribute.Key("host.name")
	Zone     = attribute.Key("cloud.availability_zone")
)

// NewResource returns the resource of a process: what it is known by, and where it is.
func NewResource(instance, host, zone string, others ...attribute.KeyValue) *resource.Resource {
	return resource.NewSchemaless(append(others, Instance.String(instance), Host.String(host), Zone.String(zone))...)
}
