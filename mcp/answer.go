package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A writer keeps the response of a handler. It passes on each value of a stream as it
// comes.
type writer struct {
	header http.Header
	tool   *tool
	limit  int
	items  int               // that may come
	leave  func(cause error) // ends the call
	notify func(line []byte) // of each value, or nil
	time   time.Duration     // that a stream is listened to

	mu      sync.Mutex
	status  int
	sent    http.Header
	body    bytes.Buffer
	partial []byte // of a line
	values  [][]byte
	long    bool // the answer is longer than it may be
	cut     bool // the handler has broken off
	left    bool // a stream was left
}

func newWriter(s *Server, t *tool, leave func(error)) *writer {
	return &writer{header: http.Header{}, tool: t, limit: s.options.MaxAnswer, items: s.options.MaxItems, leave: leave, time: s.options.MaxTime}
}

var (
	errLong = errors.New("the answer is too long")
	errLeft = errors.New("enough of the stream has come")
)

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(status)
}

func (w *writer) begin(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(http.StatusOK)
	switch {
	case w.left:
		return 0, errLeft
	case w.body.Len()+len(p) > w.limit:
		w.long = true
		w.leave(errLong)
		return 0, errLong
	}
	w.body.Write(p)
	if w.tool.items != nil && w.status == http.StatusOK {
		w.collect(p)
	}
	return len(p), nil
}

// collect splits what is written into values, one per line.
func (w *writer) collect(p []byte) {
	w.partial = append(w.partial, p...)
	for {
		line, left, ok := bytes.Cut(w.partial, []byte("\n"))
		if !ok || w.left {
			return
		}
		w.partial = left
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		w.values = append(w.values, bytes.Clone(line))
		if w.notify != nil {
			w.notify(w.values[len(w.values)-1])
		}
		if len(w.values) == w.items {
			w.left = true
			w.leave(errLeft)
		}
	}
}

// Flush is for handlers that look for it.
func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// FlushError is for those that ask through a [http.ResponseController].
func (w *writer) FlushError() error {
	w.Flush()
	return nil
}

// serve calls the handler, which may abort.
func (w *writer) serve(h http.Handler, r *http.Request) {
	defer func() {
		if v := recover(); v != nil { // http.ErrAbortHandler: others are answered for
			w.mu.Lock()
			defer w.mu.Unlock()
			w.cut = true
		}
	}()
	h.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
}

// listen passes on the values of a stream as progress, if the agent asked for that, and
// leaves the stream when its time is over. It returns a function that ends both.
func (w *writer) listen(ctx context.Context, rq *mcp.CallToolRequest) (stop func()) {
	if token := rq.Params.GetProgressToken(); token != nil {
		sent := 0
		w.notify = func(line []byte) {
			sent++
			_ = rq.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ // or it has gone
				ProgressToken: token, Progress: float64(sent), Message: string(line),
			})
		}
	}
	timer := time.AfterFunc(w.time, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left = true
		w.leave(errLeft)
	})
	return func() { timer.Stop() }
}

// failure returns an error that the agent sees and can correct.
func failure(format string, args ...any) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: []mcp.Content{&mcp.TextContent{Text: fmt.Sprintf(format, args...)}}}
}

// result returns what the agent gets.
func (s *Server) result(t *tool, w *writer) *mcp.CallToolResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.long:
		return failure("the response is longer than %d bytes: ask for less", s.options.MaxAnswer)
	case t.items != nil && (w.left || !w.cut && w.status == http.StatusOK): // a stream that is left can be 499
		return t.collected(w.values)
	case w.cut:
		return failure("the response broke off after %d bytes: try again", w.body.Len())
	case w.status >= 300:
		return t.explain(w.status, w.sent, w.body.Bytes())
	}
	rs := t.content(w.sent.Get("Content-Type"), w.body.Bytes())
	rs.Meta = mcp.Meta{"status": w.status}
	if location := w.sent.Get("Location"); location != "" {
		rs.Meta["location"] = location
	}
	return rs
}

// collected returns the values of a stream.
func (t *tool) collected(values [][]byte) *mcp.CallToolResult {
	list := append(append([]byte(`{"result":[`), bytes.Join(values, []byte(","))...), "]}"...)
	return structured(list)
}

func structured(value []byte) *mcp.CallToolResult {
	if !json.Valid(value) {
		return failure("the response isn't JSON, although the service says so")
	}
	return &mcp.CallToolResult{StructuredContent: json.RawMessage(value), Content: []mcp.Content{&mcp.TextContent{Text: string(value)}}}
}

// content returns a success.
func (t *tool) content(contentType string, body []byte) *mcp.CallToolResult {
	if contentType == "" {
		contentType = http.DetectContentType(body)
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType = "application/octet-stream"
	}
	var content mcp.Content
	switch {
	case len(body) == 0:
		content = &mcp.TextContent{Text: "done"}
	case isJSON(mediaType):
		body = bytes.TrimSpace(body)
		if t.wrapped {
			body = append(append([]byte(`{"result":`), body...), '}')
		}
		return structured(body)
	case strings.HasPrefix(mediaType, "text/"):
		content = &mcp.TextContent{Text: strings.ToValidUTF8(string(body), "\uFFFD")}
	case strings.HasPrefix(mediaType, "image/"):
		content = &mcp.ImageContent{Data: body, MIMEType: mediaType}
	case strings.HasPrefix(mediaType, "audio/"):
		content = &mcp.AudioContent{Data: body, MIMEType: mediaType}
	default:
		content = &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "tool:" + t.name, MIMEType: mediaType, Blob: body}}
	}
	return &mcp.CallToolResult{Content: []mcp.Content{content}}
}
