package tigertonic

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"io"
	"net/http"
	"strconv"
	"sync"
)

const (
	// maxKept is how large a buffer may have grown to be kept for reuse.
	maxKept = 64 << 10
	// serverCounts is up to what length net/http sets Content-Length itself.
	serverCounts = 2 << 10
)

// An encoder is a buffer and what writes JSON into it, or reads a body. Nothing
// of it outlives the request that it serves, but for short strings.
type encoder struct {
	bytes.Buffer
	json    *json.Encoder
	limited io.LimitedReader
	path    []step   // of a checking
	there   []uint64 // likewise

	appending appending
	taking    taking
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.taking.known.seed = maphash.MakeSeed()
	e.json = json.NewEncoder(&e.Buffer)
	return e
}}

func getEncoder() *encoder { return encoders.Get().(*encoder) }

func putEncoder(e *encoder) {
	if e.Cap() <= maxKept {
		e.Reset()
		encoders.Put(e)
	}
}

// writeJSON writes a response whose body is value and a newline, or nothing but
// an error if value can't be encoded.
func writeJSON(w http.ResponseWriter, status int, value any) error {
	e := getEncoder()
	defer putEncoder(e)
	if err := e.json.Encode(value); err != nil {
		return err
	}
	e.answer(w, status)
	return nil
}

// answer writes a response whose body is what is in the buffer.
func (e *encoder) answer(w http.ResponseWriter, status int) {
	if e.Len() > serverCounts && w.Header().Get("Content-Encoding") == "" { // or a middleware changes the length
		w.Header().Set("Content-Length", strconv.Itoa(e.Len()))
	}
	w.WriteHeader(status)
	_, _ = w.Write(e.Bytes()) // a client that is gone is no error
}

// writeStream writes a response whose body is what src has, each piece as soon
// as it is there. The first one is read before the header is written, so that
// an error by then is returned and can still be answered; after a later one the
// response is cut off, for the client to see that it isn't whole. begin writes the
// header.
func writeStream(w http.ResponseWriter, src io.Reader, begin func()) error {
	e := getEncoder()
	defer putEncoder(e)
	e.Grow(32 << 10)
	buf := e.AvailableBuffer()
	buf = buf[:cap(buf)]
	controller := http.NewResponseController(w)
	for began := false; ; began = true {
		n, err := src.Read(buf)
		for n == 0 && err == nil { // nothing has happened
			n, err = src.Read(buf)
		}
		if err != nil && err != io.EOF && n == 0 && !began {
			return err
		}
		if !began {
			begin()
		}
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return nil // the client is gone
			}
			_ = controller.Flush() // or the server does it in its time
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			noteCause(w, err)
			panic(http.ErrAbortHandler)
		}
	}
}
