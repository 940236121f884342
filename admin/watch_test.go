package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type watched struct {
	Ready, Draining bool
	Up              string
	Restarts        int
	Connections     struct{ New, Active, Idle int }
	Checks          []struct{ Name, Error string }
	Routes          []struct {
		Name             string
		Requests, Failed int
		Rate             float64
		P99              string
		History          [][2]int
	}
	Errors []struct {
		Route, Cause string
		Status       int
	}
}

// events returns a function that waits for the next event of a stream.
func events(t *testing.T, rs *http.Response) func() (w watched) {
	t.Helper()
	lines := bufio.NewScanner(rs.Body)
	return func() (w watched) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				require.NoError(t, json.Unmarshal([]byte(data), &w))
				return w
			}
		}
		t.Fatal("the stream has ended", lines.Err())
		return w
	}
}

// serving returns a server that serves h, and its URL.
func serving(t *testing.T, h http.Handler) (*tigertonic.Server, string) {
	t.Helper()
	server := tigertonic.NewServer("", h)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.NoError(t, <-done)
	})
	return server, "http://" + l.Addr().String()
}

func fetchURL(t *testing.T, client *http.Client, url, accept string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", accept)
	rs, err := client.Do(r)
	require.NoError(t, err)
	return rs
}

func TestWatchShowsWhatGoesOn(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	entered, leave := make(chan struct{}), make(chan struct{})
	mux.HandleFunc("GET", "/slow", func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	})
	h := measuredService()
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/inner", h)
	outer.HandleNamespace("", mux)
	server, url := serving(t, outer)
	a := admin.New(server.Handler, admin.Options{})
	a.Check("kettle", time.Second, func(context.Context) error { return errors.New("no <water>") })
	shown := newServer(t, a)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()

	rs := fetchURL(t, shown.Client(), shown.URL+"/watch", "application/json")
	defer rs.Body.Close()
	assert.Equal(t, http.StatusOK, rs.StatusCode)
	assert.Equal(t, "text/event-stream", rs.Header.Get("Content-Type"), "whatever is accepted")
	next := events(t, rs)
	w := next()
	assert.False(t, w.Ready)
	assert.Equal(t, "no <water>", w.Checks[0].Error)
	assert.Empty(t, w.Routes)
	assert.Zero(t, w.Connections.Active+w.Connections.Idle+w.Connections.New)

	idle, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer idle.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if rs, err := client.Get(url + "/slow"); assert.NoError(t, err) {
			_ = rs.Body.Close()
		}
	}()
	<-entered
	leaked := fetchURL(t, client, url+"/inner/stuff/leak", "*/*")
	_ = leaked.Body.Close()
	w = next()
	assert.Equal(t, 1, w.Connections.Active)
	assert.Equal(t, 1, w.Connections.New)
	require.NotEmpty(t, w.Routes)
	assert.Equal(t, 1, w.Routes[0].Failed)
	assert.Len(t, w.Routes[0].History, 60)
	assert.Equal(t, [2]int{1, 1}, w.Routes[0].History[59])
	require.Len(t, w.Errors, 1)
	assert.Contains(t, w.Errors[0].Cause, "<kettle>")
	assert.Equal(t, w.Routes[0].Name, w.Errors[0].Route)
	metrics := values(t, a)
	assert.InDelta(t, 1, metrics[`http_connections{state="active"}`], 0)
	assert.InDelta(t, 1, metrics[`http_connections{state="new"}`], 0)
	assert.GreaterOrEqual(t, metrics["http_connections_accepted_total"], 2.0)
	assert.Contains(t, metrics, "process_restarts")
	assert.Contains(t, get(t, a, "/"), `<dd id="connections">1 active, `)
	close(leave)
	<-ended
}

// A stream is for as long as the client reads, in a bounded number.
func TestWatchersAreLimitedAndLeaveNothing(t *testing.T) {
	srv := newServer(t, newAdmin(service, admin.Options{}))
	var open []*http.Response
	for range 32 {
		rs := fetchURL(t, srv.Client(), srv.URL+"/watch", "*/*")
		require.Equal(t, http.StatusOK, rs.StatusCode)
		open = append(open, rs)
	}
	refused := fetchURL(t, srv.Client(), srv.URL+"/watch", "*/*")
	assert.Equal(t, http.StatusServiceUnavailable, refused.StatusCode)
	_ = refused.Body.Close()
	for _, rs := range open {
		_ = rs.Body.Close()
	}
	require.Eventually(t, func() bool {
		rs := fetchURL(t, srv.Client(), srv.URL+"/watch", "*/*")
		_ = rs.Body.Close()
		return rs.StatusCode == http.StatusOK
	}, 10*time.Second, 10*time.Millisecond)
}

func TestWatchSendsAtItsInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/watch", nil))
		}()
		time.Sleep(9 * time.Second)
		cancel()
		<-ended
		assert.Equal(t, 5, strings.Count(w.Body.String(), "data: "), "now, and after 2, 4, 6 and 8 seconds")
		assert.Contains(t, w.Body.String(), `"up":"8s"`)
	})
}

func TestWatchIsDescribedAsWhatItSends(t *testing.T) {
	doc := openapi.New(newAdmin(service, admin.Options{}), openapi.Info{Title: "Admin", Version: "1"})
	var got struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Content map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(doc.JSON(), &got))
	content := got.Paths["/watch"]["get"].Responses["200"].Content
	assert.Len(t, content, 1)
	assert.Contains(t, content, "text/event-stream")
}
