// Package jsonscan reads and writes the text of JSON. A [Scanner] steps through text that
// is known to be valid, a [Number] is a JSON number exactly, a [Decimal] is a short one
// in an int64, and [Hashes] distinguish values. It knows nothing of Go types or schemas:
// its callers have checked the syntax, and decide what a value means.
package jsonscan
