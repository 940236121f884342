// Package trace records what was called on behalf of a request, and shows it: spans go into
// a ring that never blocks, and from there into a store that keeps the slow and the failed
// traces; a picture shows what called what, and for how long.
package trace

import "go.opentelemetry.io/otel/attribute"

// The attributes of spans.
const (
	From     = attribute.Key("cab.from")     // the service that calls
	Attempt  = attribute.Key("cab.attempt")  // its number, of a span for an attempt
	Instance = attribute.Key("cab.instance") // the process that answers
	Host     = attribute.Key("host.name")
	Zone     = attribute.Key("cloud.availability_zone")
	Code     = attribute.Key("error.type") // the dotted code
	Start    = attribute.Key("cab.start")  // of the span that opens a trace
	Keep     = attribute.Key("cab.keep")   // of a trace that is to be kept
)
