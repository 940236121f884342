package admin

import (
	"net/http"
	"strconv"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

const (
	htmlType = "text/html; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

// A page is a handler that answers with what it is made of at the time. There is
// no function for it to be Typed with: it isn't JSON.
type page struct {
	name      string
	summary   string
	mediaType string
	// content returns the body and, if it isn't the common one, its
	// Content-Security-Policy.
	content func(r *http.Request) (body []byte, policy string, err error)
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, policy, err := p.content(r)
	if err != nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, err)
		return
	}
	h := w.Header()
	if policy != "" {
		h.Set("Content-Security-Policy", policy)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Type", p.mediaType)
	_, _ = w.Write(body) // a client that is gone is no error
}

// Describe adds what the page is.
func (p *page) Describe(op *tigertonic.Operation) {
	op.ID, op.Summary = p.name, p.summary
	op.Response(http.StatusOK).Add(p.mediaType, tigertonic.MediaType{Schema: &schema.Schema{Types: []string{"string"}}})
}

// String is how [tigertonic.Explain] shows the handler.
func (p *page) String() string { return "admin." + p.name }
