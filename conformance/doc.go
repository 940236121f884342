// Package conformance holds tests of what others must be able to do with Tiger
// Tonic's output, with their own tools.
package conformance
