package mcp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A problem is an error as the service sends it: by RFC 9457, or in the classic format of
// 2013.
type problem struct {
	Title       string `json:"title"`
	Detail      string `json:"detail"`
	Description string `json:"description"` // the classic format's
	RequestID   string `json:"request_id"`
	Errors      []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		In        string `json:"in"`
		Detail    string `json:"detail"`
	} `json:"errors"`
}

// explain returns an error that says what to correct, in the names of the arguments.
func (t *tool) explain(status int, header http.Header, body []byte) *mcp.CallToolResult {
	var p problem
	if json.Unmarshal(body, &p) != nil && status >= 400 && strings.HasPrefix(header.Get("Content-Type"), "text/") {
		p.Detail = string(body[:min(len(body), 1000)])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", status, http.StatusText(status))
	if detail := strings.ToValidUTF8(strings.TrimSpace(cmp.Or(p.Detail, p.Description, p.Title)), "\uFFFD"); detail != "" && detail != http.StatusText(status) {
		b.WriteString(": " + detail)
	}
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "\n- %s %s", t.place(e.Parameter, e.In, e.Pointer), e.Detail)
	}
	if hint := hint(status, header); hint != "" {
		b.WriteString("\n" + hint)
	}
	if p.RequestID != "" {
		b.WriteString("\nIts operators can find it by the request ID " + p.RequestID + ".")
	}
	return failure("%s", b.String())
}

// place returns the argument that an error refers to.
func (t *tool) place(parameter, in, pointer string) string {
	for _, a := range t.arguments {
		if parameter != "" && a.in == in && strings.EqualFold(a.parameter, parameter) {
			return a.name
		}
	}
	switch {
	case in == "form":
		return "body/" + parameter
	case parameter != "":
		return in + " " + parameter
	}
	return "body" + pointer
}

// hint returns what to do about an error, or "".
func hint(status int, header http.Header) string {
	switch {
	case status == http.StatusUnauthorized:
		return "The service needs to know the caller: send credentials with the request to this server."
	case status == http.StatusForbidden:
		return "The caller isn't allowed to do this."
	case header.Get("Retry-After") != "":
		return "Try again after " + seconds(header.Get("Retry-After")) + "."
	case status >= 300 && status < 400 && header.Get("Location") != "":
		return "The resource is at " + header.Get("Location") + "."
	case status >= 500:
		return "The service failed; the arguments may be right."
	}
	return ""
}

func seconds(retryAfter string) string {
	if strings.Trim(retryAfter, "0123456789") == "" {
		return retryAfter + " seconds"
	}
	return retryAfter
}
