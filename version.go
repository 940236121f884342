package tigertonic

import (
	"errors"
	"io"
	"net/http"
)

// Version is a handler that answers with itself and a newline in plain text. An
// empty one answers 404.
type Version string

// ServeHTTP writes the version.
func (v Version) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v == "" {
		ResponseErrorWriter.WriteError(r, w, NotFound{errors.New("this service has no version")})
		return
	}
	w.Header().Set("Content-Type", plaintextType)
	_, _ = io.WriteString(w, string(v)+"\n")
}

// Describe adds what the handler responds with.
func (v Version) Describe(op *Operation) {
	op.Summary = "The version that is running"
	op.Response("200").Add("text/plain", MediaType{Schema: &Schema{Types: []string{"string"}}})
}

// String is how [Explain] shows the handler.
func (v Version) String() string { return "Version(" + string(v) + ")" }
