package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// newTree returns the tree of handlers without a database.
func newTree() http.Handler { return newService(nil, "forum.test").handler() }

var document = sync.OnceValue(func() []byte { return describe(newTree()).JSON() })

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	conform.Valid(t, document())
}

func TestDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()
	conform.Redocly(t, document())
}

// UPDATE_GOLDEN=1 accepts what has changed.
func TestDocumentIsTheOneInTheFile(t *testing.T) {
	t.Parallel()
	openapitest.Golden(t, describe(newTree()), "testdata/openapi.json")
}

func TestEveryRequestGoesThroughTheWholeStack(t *testing.T) {
	t.Parallel()
	n := 0
	for line := range strings.Lines(tigertonic.Explain(newTree())) {
		if !strings.HasPrefix(line, "{site}.forum.test") {
			continue
		}
		n++
		if !strings.Contains(line, " Accessed > Identified > CountedByStatus(http) > Recovered > ") {
			t.Errorf("%s isn't in the stack", line)
		}
		if strings.Contains(line, " /api/v1/") && !strings.Contains(line, "Authenticated") {
			t.Errorf("%s isn't authenticated", line)
		}
	}
	if n < 50 {
		t.Errorf("got %d routes", n)
	}
}

// Every other request has a token, of the owner or of a member.
func TestServiceKeepsToItsDocumentWhateverIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	r.say(t, r.bob, r.begin(t, r.ann, "Wheels"), "Hello")
	n := 0
	contract.MustParse(document()).Fuzz(t, r.server.Config.Handler, contract.FuzzOptions{
		Requests: 12,
		// A page begins at a multiple of its limit, patches are of flags, and text has no NUL.
		Rules: []string{
			"sign-in", "list-profiles", "list-microcosms", "get-microcosm", "list-conversations", "get-conversation", "new-comment", "last-comment", "in-context",
			"list-watchers", "list-updates", "list-roles", "list-forum-roles", "list-role-profiles", "list-role-members", "search", "patch-profile", "patch-microcosm",
			"patch-conversation", "patch-comment", "patch-watcher", "add-comment", "put-role", "put-microcosm", "add-microcosm", "put-profile", "delete-profile", "put-comment",
			"list-comment-files", "list-conversation-files", "put-site", "add-conversation", "put-conversation", "add-role",
		},
		Except: []string{"follow", "upload-file"},
		Prepare: func(rq *http.Request) {
			n++
			if strings.HasSuffix(rq.URL.Path, "/profiles/3") && rq.Method == http.MethodDelete {
				rq.URL.Path = strings.TrimSuffix(rq.URL.Path, "3") + "4" // ann goes on
			}
			rq.Host = "one.forum.test"
			if token := []string{"", r.ann, r.owner}[n%3]; token != "" && rq.URL.Path != "/api/v1/auth" {
				rq.Header.Set("Authorization", "Bearer "+token)
			}
		},
	})
}
