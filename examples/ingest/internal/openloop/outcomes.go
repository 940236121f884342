package openloop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Outcomes writes what became of each request that was sent, as a line of JSON:
//
//	{"seq":17,"sha256":"9f86…","status":202,"response":{"accepted":3}}
//	{"seq":18,"sha256":"2c26…","error":"connection closed before the answer"}
//
// The hash, in hexadecimal digits, is of the bytes of the member of the body that
// [Request.Member] names. A response that isn't one JSON value of at most 4 KiB is
// written as a string. Nothing is written before the outcome is known, so a response in
// the file was received; if the generator itself is killed, at most those of the last
// second or two are missing. The lines are in the order of the responses. A nil *Outcomes
// writes nothing.
type Outcomes struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
	err error
}

// NewOutcomes returns Outcomes that write to w, never concurrently.
func NewOutcomes(w io.Writer) *Outcomes { return &Outcomes{w: w} }

// Flush writes what is buffered, and returns the first error of any write.
func (o *Outcomes) Flush() error {
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	return o.err
}

func (o *Outcomes) flush() {
	if o.err == nil {
		_, o.err = o.w.Write(o.buf)
	}
	o.buf = o.buf[:0]
}

func (o *Outcomes) answered(seq int64, sum *[sha256.Size]byte, r response) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin(seq, sum)
	o.buf = append(o.buf, `,"status":`...)
	o.buf = strconv.AppendInt(o.buf, int64(r.status), 10)
	if body := bytes.TrimSpace(r.body); len(body) > 0 {
		o.buf = append(o.buf, `,"response":`...)
		o.buf = appendJSON(o.buf, body)
	}
	o.end()
}

func (o *Outcomes) lost(seq int64, sum *[sha256.Size]byte, kind string) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin(seq, sum)
	o.buf = append(o.buf, `,"error":`...)
	o.buf = appendString(o.buf, kind)
	o.end()
}

func (o *Outcomes) begin(seq int64, sum *[sha256.Size]byte) {
	o.buf = append(o.buf, `{"seq":`...)
	o.buf = strconv.AppendInt(o.buf, seq, 10)
	o.buf = append(o.buf, `,"sha256":"`...)
	o.buf = hex.AppendEncode(o.buf, sum[:])
	o.buf = append(o.buf, '"')
}

func (o *Outcomes) end() {
	o.buf = append(o.buf, "}\n"...)
	if len(o.buf) >= 64<<10 {
		o.flush()
	}
}

func appendJSON(b, value []byte) []byte {
	if bytes.IndexByte(value, '\n') >= 0 || !jsontext.Value(value).IsValid() {
		return appendString(b, string(value))
	}
	return append(b, value...)
}

func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // whose error is about bytes that aren't UTF-8, which it replaces
	return b
}
