// Package client is the other end of the wire: it calls the operations that a service has
// declared, with the same types.
//
//	var GetStuff = tigertonic.Declare[GetIn, Stuff]("GET", "/stuff/{id}")
//
//	c := client.New("https://api.example.com", client.Options{})
//	stuff, err := client.Call(ctx, c, GetStuff, &GetIn{ID: "tea"})
//
// The input is written by the tags that [tigertonic.Typed] reads it by, and the output is
// what the service's function returned. [Do] calls operations without a declaration,
// including those of services that don't use this library, and [Stream] reads values as
// they arrive.
//
// A call's error is an [*Error]. [errors.As] finds the service's error in it: a
// *[tigertonic.Problem], [tigertonic.FieldErrors] with their places, or an error
// named after a status, such as [tigertonic.NotFound].
//
// # Inputs
//
// The service binds exactly the input that you pass. So a field with a default is sent even
// if it is zero, unless its own tags refuse a zero: then the service fills in the default.
// That goes for parameters, fields of forms and members of JSON bodies alike. Other zero
// parameters are left out unless they are required; other members are sent, unless their
// JSON tags say otherwise. An empty or nil slice sends no parameter. If no request can carry the input, as with an empty wildcard, the call fails
// before anything is sent.
//
// # Transports
//
// A client sends its requests through an [http.RoundTripper]. Wrap it in others that
// have to see each request: [Retried] repeats requests that are safe to repeat; circuit
// breakers, tracers and token sources come from other libraries. [InProcess] calls a
// handler without a socket, for tests, and [Inline] does so at the least cost, for programs
// that contain the services they call.
package client

import "github.com/rcrowley/go-tigertonic/internal/callsite"

func panicf(format string, args ...any) { callsite.Panicf("client: "+format, args...) }
