package tigertonic_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestRegisteringOnAMuxThatServesPanics(t *testing.T) {
	mux := newMux("GET /a")
	serve(t, mux, "GET", "/a", "")
	serve(t, mux, "GET", "/b", "")
	for name, register := range map[string]func(){
		`pattern "/b"`:     func() { mux.Handle("GET", "/b", hello) },
		`pattern "/c"`:     func() { mux.HandleFunc("GET", "/c", hello) },
		`namespace "/1.0"`: func() { mux.HandleNamespace("/1.0", hello) },
	} {
		text := panicOf(t, register)
		assert.Regexp(t, `^tigertonic: `+name+`: the mux has begun to serve, with GET "/a", which is for GET /a registered at \w+_test.go: `+
			`register everything before \(registered at complete_test.go\)$`, text)
	}
	assert.Equal(t, 404, serve(t, mux, "GET", "/b", "").Code)
}

func TestARequestForNothingCompletesAMux(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	serve(t, mux, "GET", "/a%0ab", "")
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/a", hello) }), `the mux has begun to serve, with GET "/a%0ab": register`)
}

// Looking at a tree doesn't complete it.
func TestRoutesLeaveAMuxOpen(t *testing.T) {
	mux := newMux("GET /a")
	tigertonic.Explain(mux)
	_, pattern := mux.Handler(httptest.NewRequestWithContext(t.Context(), "GET", "/a", nil))
	assert.Equal(t, "/a", pattern)
	mux.Handle("GET", "/b", hello)
	assert.Equal(t, 200, serve(t, mux, "GET", "/b", "").Code)
}

// A document has what was there when it was made. What it leaves out may come later.
func TestRegisteringAfterCompletePanics(t *testing.T) {
	inner, empty, outer := newMux("GET /a"), tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/1.0", tigertonic.Recovered(inner))
	outer.HandleNamespace("/2.0", tigertonic.HostServeMux{"example.com": empty})
	tigertonic.Complete(outer)
	for _, mux := range []*tigertonic.TrieServeMux{inner, empty, outer} {
		text := panicOf(t, func() { mux.Handle("GET", "/b", hello) })
		assert.Regexp(t, `^tigertonic: pattern "/b": the mux was declared complete, as openapi.New does, at complete_test.go: .*complete_test.go\)$`, text)
		hidden := tigertonic.Described(hello, func(op *tigertonic.Operation) { op.Hidden = true })
		mux.Handle("GET", "/openapi.json", tigertonic.Recovered(hidden))
		serve(t, mux, "GET", "/openapi.json", "")
		assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/docs", hidden) }), "has begun to serve")
	}
}

func TestFirstRequestsMayComeTogether(t *testing.T) {
	mux := newMux("GET /a")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/a", nil)) })
	}
	all.Wait()
	assert.Contains(t, panicOf(t, func() { mux.Handle("GET", "/b", hello) }), "has begun to serve")
}

func TestExplainSaysWhatItCannotSeeThrough(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/plain", hello)
	mux.Handle("GET", "/rest/{path...}", hello)
	mux.HandleNamespace("/closure", foreignly(newMux("GET /a")))
	mux.HandleNamespace("/std", http.NewServeMux())
	mux.HandleNamespace("/files", tigertonic.Described(http.FileServer(http.Dir(".")), func(op *tigertonic.Operation) { op.Hidden = true }))
	mux.HandleNamespace("/wrapped", tigertonic.Wrapped(newMux("GET /a"), foreignly))
	want := map[string]bool{
		"/plain": false, "/rest/{path...}": true, "/closure/{...}": true, "/std/{...}": true,
		"/files/{...}": false, "/wrapped/a": false,
	}
	got := map[string]bool{}
	for _, rt := range tigertonic.Routes(mux) {
		got[rt.Pattern] = rt.IsOpaque()
	}
	assert.Equal(t, want, got)
	assert.Contains(t, tigertonic.Explain(mux), "/std/{...}       http.ServeMux (not described)\n")
}
