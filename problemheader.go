package tigertonic

import "net/http"

// retryAfterHeader tells when to try again, and a refusal from a failure.
const retryAfterHeader = "Retry-After"

// setProblemHeader sets the headers of the problem that err is, if it is one.
func setProblemHeader(w http.ResponseWriter, err error) {
	if p, ok := asProblem(err); ok && p.Header != nil {
		setHeaders(w.Header(), p.Header, "")
	}
}

// noteProblem notes a problem as the cause of the response, which is logged by itself
// unless it is a refusal.
func noteProblem(w http.ResponseWriter, err error, p Problem) {
	if p.isRefusal() {
		(&cause{err: err, told: true}).note(w)
		return
	}
	noteCause(w, err)
}

// isRefusal tells whether a service says by the problem that it can't take the request
// now, and not that it has failed.
func (p *Problem) isRefusal() bool {
	for name := range p.Header {
		if http.CanonicalHeaderKey(name) == retryAfterHeader {
			return true
		}
	}
	return false
}

// describeHeader adds the problem's headers to the response that it is described by.
func (p *Problem) describeHeader(rs *ResponseInfo) {
	for name := range p.Header {
		schema := &Schema{Types: []string{"string"}}
		if http.CanonicalHeaderKey(name) == retryAfterHeader {
			rs.SetHeader(name, "When to try again: in how many seconds, or a date.", schema)
			continue
		}
		rs.SetHeader(name, "", schema)
	}
}
