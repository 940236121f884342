// Package codec turns JSON into Go values and Go values into JSON, and texts into the
// fields of parameters, by functions that are compiled once for each type. It decides
// nothing: what it can't decode goes to the JSON library and package check, and what it
// can, it decodes as they would. It doesn't know requests or responses.
package codec

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/check"
)

// MaxKept is the size up to which a buffer is kept for reuse.
const MaxKept = 64 << 10

// A Buffer is text with an encoder that writes into it and a decoder that reads it.
// Nothing of it is visible after the request that it serves.
type Buffer struct {
	bytes.Buffer
	JSON    *json.Encoder // by the rules of encoding/json
	Limited io.LimitedReader
	Checker check.Checker

	encoding encodeState
	decoding decodeState
}

var buffers = sync.Pool{New: func() any {
	b := &Buffer{}
	b.JSON = json.NewEncoder(&b.Buffer)
	return b
}}

// NewBuffer returns an empty buffer, until [Buffer.Release] is called.
func NewBuffer() *Buffer { return buffers.Get().(*Buffer) }

// Release returns the buffer to the pool.
func (b *Buffer) Release() {
	if b.Cap() <= MaxKept {
		b.Reset()
		buffers.Put(b)
	}
}
