package record

import (
	"net/http"
	"time"
)

// A Watcher is a server that looks for clients that are slow to send a body or to read a
// response. A Recorder tells it when the server may wait for the client, and when the
// handler sets limits of its own. Its methods are called while the handler runs, by the
// goroutine that writes.
type Watcher interface {
	// Enter is called before a write to the server's own writer, which may first read the
	// rest of the request's body. Leave is called after it, with Enter's result and the
	// number of bytes written.
	Enter() (rests bool)
	Leave(rests bool, n int)
	// Rests reports whether the server may read the rest of the request's body when the
	// response is written.
	Rests() bool
	// Piece returns how many bytes may be written at a time.
	Piece() int
	// Answer is called before the header is written.
	Answer()
	// OwnReadDeadline and OwnWriteDeadline are called when the handler sets deadlines,
	// and FullDuplex when it enables reading the body while writing the response.
	OwnReadDeadline()
	OwnWriteDeadline()
	FullDuplex()
}

// writeWatched writes in the watcher's view, if there is a watcher.
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

// SetReadDeadline is called by http.ResponseController. It ends the watcher's limit.
func (rec *Recorder) SetReadDeadline(t time.Time) error {
	err := http.NewResponseController(rec.ResponseWriter).SetReadDeadline(t)
	if rec.Watcher != nil && err == nil {
		rec.Watcher.OwnReadDeadline()
	}
	return err
}

// SetWriteDeadline is called by http.ResponseController.
func (rec *Recorder) SetWriteDeadline(t time.Time) error {
	if rec.Watcher != nil {
		rec.Watcher.OwnWriteDeadline()
	}
	return http.NewResponseController(rec.ResponseWriter).SetWriteDeadline(t)
}

// EnableFullDuplex is called by http.ResponseController.
func (rec *Recorder) EnableFullDuplex() error {
	err := http.NewResponseController(rec.ResponseWriter).EnableFullDuplex()
	if rec.Watcher != nil && err == nil {
		rec.Watcher.FullDuplex()
	}
	return err
}
