// Package codec turns JSON into Go values and Go values into JSON, and texts into the
// fields of parameters, by functions that are compiled once for each type. It decides
// nothing: what it doesn't take is the JSON library's and package check's, and what it
// does take is what they would make of it. It must never know requests or responses.
package codec

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/rcrowley/go-tigertonic/internal/check"
)

// MaxKept is how large a buffer may have grown to be kept for reuse.
const MaxKept = 64 << 10

// A Buffer is text, and what writes JSON into it or reads it. Nothing of it is seen
// after the request that it serves.
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

// Release gives the buffer back.
func (b *Buffer) Release() {
	if b.Cap() <= MaxKept {
		b.Reset()
		buffers.Put(b)
	}
}
