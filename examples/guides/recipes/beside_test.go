package recipes

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rcrowley/go-tigertonic"
)

func TestDocumentHasThreePages(t *testing.T) {
	t.Parallel()
	h := viewed()
	for path, want := range map[string]string{
		"/openapi.json":                 `"openapi": "3.1`,
		"/docs":                         "Greetings",
		"/swagger/":                     `"/openapi.json"`,
		"/swagger/swagger-ui-bundle.js": "SwaggerUI",
		"/redoc":                        `spec-url="/openapi.json"`,
	} {
		if w := send(t, h, "GET", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d %.200s, want %s", path, w.Code, w.Body, want)
		}
	}
}

func TestClientsOfWebSocketsHearThatTheServerStops(t *testing.T) {
	t.Parallel()
	c := &clock{every: time.Millisecond, stop: make(chan struct{})}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/clock", c)
	server := httptest.NewServer(tigertonic.Accessed(mux, nil))
	t.Cleanup(server.Close)
	conn, _, err := websocket.Dial(t.Context(), server.URL+"/clock", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	_, text, err := conn.Read(t.Context())
	if _, wrong := time.Parse(time.RFC3339, string(text)); err != nil || wrong != nil {
		t.Fatalf("got %q, %v, %v", text, err, wrong)
	}
	done := make(chan struct{})
	go func() {
		c.drain(t.Context())
		close(done)
	}()
	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %v, want a close with the code 1001", err)
	}
	<-done
}
