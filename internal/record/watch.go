package record

import (
	"net/http"
	"time"
)

// A Watcher is a server that looks for clients that are slow to send a body or to read
// a response. A Recorder tells it when the server may wait for the client, and what the
// handler does about that itself. Its methods are called while the handler runs, by the
// goroutine that writes.
type Watcher interface {
	// Enter is called before the server's own writer is written to, which may read the
	// rest of the request's body for that, and Leave after it with what Enter has
	// returned and how many bytes were written.
	Enter() (rests bool)
	Leave(rests bool, n int)
	// Rests reports whether the rest of the request's body may be read by the server
	// when it is written to.
	Rests() bool
	// Piece returns how many bytes may be written at a time.
	Piece() int
	// Answer is called before the header is written.
	Answer()
	// OwnReadDeadline and OwnWriteDeadline are called when the handler sets deadlines
	// itself, and FullDuplex when it reads the body while it writes the response.
	OwnReadDeadline()
	OwnWriteDeadline()
	FullDuplex()
}

// writeWatched writes what the watcher, which may be nil, is to see.
func writeWatched[T string | []byte](watcher Watcher, p T, write func(T) (int, error)) (n int, err error) {
	if watcher == nil {
		return write(p)
	}
	for first := true; err == nil && (first || n < len(p)); first = false {
		part := p[n:]
		part = part[:min(len(part), watcher.Piece())]
		rests := watcher.Enter()
		var m int
		m, err = write(part)
		watcher.Leave(rests, m)
		n += m
	}
	return n, err
}

// SetReadDeadline is what http.ResponseController calls. Who sets deadlines has
// limits of its own.
func (rec *Recorder) SetReadDeadline(t time.Time) error {
	err := http.NewResponseController(rec.ResponseWriter).SetReadDeadline(t)
	if rec.Watcher != nil && err == nil {
		rec.Watcher.OwnReadDeadline()
	}
	return err
}

// SetWriteDeadline is what http.ResponseController calls.
func (rec *Recorder) SetWriteDeadline(t time.Time) error {
	if rec.Watcher != nil {
		rec.Watcher.OwnWriteDeadline()
	}
	return http.NewResponseController(rec.ResponseWriter).SetWriteDeadline(t)
}

// EnableFullDuplex is what http.ResponseController calls.
func (rec *Recorder) EnableFullDuplex() error {
	err := http.NewResponseController(rec.ResponseWriter).EnableFullDuplex()
	if rec.Watcher != nil && err == nil {
		rec.Watcher.FullDuplex()
	}
	return err
}
