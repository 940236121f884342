package contract

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
)

const (
	// streamTime is how long a stream is read.
	streamTime = 100 * time.Millisecond
	// answerTime is how long an answer may take.
	answerTime = 10 * time.Second
	// graceTime is how long a handler may go on once its client has gone.
	graceTime = 10 * time.Second
)

// request returns the request of a draft as a server reads it.
func (f *fuzzer) request(d *draft) (*http.Request, error) {
	r, err := http.NewRequest(d.op.method, f.URL, bytes.NewReader(d.text())) //nolint:noctx // it gets one when it is sent
	if err != nil {
		return nil, err
	}
	path := r.URL.EscapedPath() + d.path()
	if host := d.op.host(); host != "" {
		r.Host = host
	}
	if r.URL.Path, err = url.PathUnescape(path); err != nil {
		return nil, err
	}
	r.URL.RawPath, r.URL.RawQuery = path, d.query()
	for _, h := range d.headers() {
		r.Header.Add(h[0], h[1])
	}
	if f.Prepare != nil && !d.anonymous {
		f.Prepare(r)
	}
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		return nil, err
	}
	received, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	received.RemoteAddr = "127.0.0.1:49152"
	return received, nil
}

// A called is the outcome of a call: an answer or a problem.
type called struct {
	answer        *answer
	kind, problem string
}

// call calls the handler.
func (f *fuzzer) call(d *draft, r *http.Request) called {
	patience := answerTime
	if d.op.isStream() {
		patience = streamTime
	}
	ctx, leave := context.WithCancel(f.t.Context()) // as when a client goes away
	defer leave()
	leaving := time.AfterFunc(patience, leave)
	ended := make(chan called, 1)
	w := &writer{sent: http.Header{}}
	handled := r.Clone(ctx)
	handled.Body = r.Body
	go func() {
		defer func() {
			if v := recover(); v != nil {
				ended <- panicked(v)
			}
		}()
		f.handler.ServeHTTP(w, handled)
		ended <- called{}
	}()
	grace := time.NewTimer(patience + graceTime)
	defer grace.Stop()
	select {
	case end := <-ended:
		cut := !leaving.Stop()
		if cut && !d.op.isStream() {
			return called{kind: "slow", problem: fmt.Sprintf("wasn't answered within %v", patience)}
		}
		if end.problem == "" || end.kind == "cut off" && cut {
			end = called{answer: w.answer()}
			end.answer.cut = end.answer.cut || cut
		}
		return end
	case <-grace.C:
		f.stuck = true
		return called{kind: "stuck", problem: fmt.Sprintf("was still running %v after its client left", graceTime)}
	}
}

func panicked(v any) called {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return called{kind: "cut off", problem: "the answer was cut off"}
	}
	return called{kind: "failed", problem: fmt.Sprintf("panicked: %v\n%s", v, debug.Stack())}
}

// A writer keeps what is written, as a recorder does, and has no client.
type writer struct {
	recorder
	sent http.Header
}

func (w *writer) Header() http.Header { return w.sent }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.header = status, w.sent.Clone()
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.body.Len() <= maxKept {
		w.body.Write(p)
	}
	return len(p), nil
}

// Flush is for handlers that look for it.
func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// FlushError is for those that ask through a [http.ResponseController].
func (w *writer) FlushError() error {
	w.Flush()
	return nil
}

// answer returns what was written, as a server sends it.
func (w *writer) answer() *answer {
	w.WriteHeader(http.StatusOK)
	w.ResponseWriter = w
	return w.recorder.answer()
}

// curl returns the request as a command line.
func (d *draft) curl(base string) string {
	words := []string{"curl -i"}
	if d.op.method != http.MethodGet {
		words = append(words, "-X "+d.op.method)
	}
	target := base + d.path()
	if q := d.query(); q != "" {
		target += "?" + q
	}
	words = append(words, quote(target))
	if host := d.op.host(); host != "" {
		words = append(words, "-H "+quote("Host: "+host))
	}
	for _, h := range d.headers() {
		field := h[0] + ": " + h[1]
		if h[1] == "" {
			field = h[0] + ";" // which is how curl sends an empty one
		}
		words = append(words, "-H "+quote(field))
	}
	if text := d.text(); len(text) > 0 {
		words = append(words, "--data-raw "+quote(string(text)))
	}
	return strings.Join(words, " ")
}

// quote returns a word as a shell reads it.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
