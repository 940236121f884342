package tigertonic_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

func ExampleRecovered() {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the panic, its stack and the ID are logged
	h := tigertonic.Identified(tigertonic.Recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("the kettle is empty")
	})), nil)
	request(h, "GET", "/", "", "X-Request-Id", "ID")
	// Output: 500 {"description":"request ID has failed","error":"tigertonic.InternalServerError"}
}

func ExampleIdentified() {
	h := tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "this is request ", tigertonic.RequestIDFrom(r.Context()))
	}), nil)
	request(h, "GET", "/", "", "X-Request-Id", "abc-123")
	w := request(h, "GET", "/", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	fmt.Println(w.Header().Get("X-Request-Id"))
	// Output:
	// 200 this is request abc-123
	// 200 this is request 4bf92f3577b34da6a3ce929d0e0e4736
	// 4bf92f3577b34da6a3ce929d0e0e4736
}

func ExampleRequestIDFrom() {
	type tea struct {
		Order tigertonic.RequestID `json:"order"`
	}
	h := tigertonic.Identified(tigertonic.Typed(func(ctx context.Context, _ *struct{}) (tea, error) {
		return tea{Order: tigertonic.RequestIDFrom(ctx)}, nil
	}), nil)
	request(h, "GET", "/", "", "X-Request-Id", "abc-123")
	// Output: 200 {"order":"abc-123"}
}

func ExampleLimited() {
	entered, leave := make(chan bool), make(chan bool)
	h := tigertonic.Limited(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entered <- true
		<-leave
	}), 1, nil)
	go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	<-entered

	w := request(h, "GET", "/", "")
	fmt.Println("Retry-After:", w.Header().Get("Retry-After"))
	close(leave)
	// Output:
	// 503 {"description":"there are too many requests, try again later","error":"tigertonic.ServiceUnavailable"}
	// Retry-After: 1
}

func ExampleWithin() {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the error is logged

	slow := tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		<-ctx.Done() // as a database does
		return "", fmt.Errorf("query: %w", ctx.Err())
	})
	h := tigertonic.Identified(tigertonic.Within(slow, 10*time.Millisecond), nil)
	request(h, "GET", "/", "", "X-Request-Id", "ID")

	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	h = tigertonic.Identified(tigertonic.Within(silent, 10*time.Millisecond), nil)
	request(h, "GET", "/", "", "X-Request-Id", "ID")
	// Output:
	// 503 {"title":"Service Unavailable","status":503,"request_id":"ID"}
	// 503 {"description":"the request took longer than 10ms","error":"tigertonic.ServiceUnavailable"}
}

func ExampleAccessed() {
	timeless := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: timeless}))

	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/stuff/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	h := tigertonic.Accessed(tigertonic.Identified(mux, nil), &tigertonic.AccessOptions{Logger: logger})
	request(h, "GET", "/stuff/1?x=y", "", "X-Request-Id", "ID")
	// Output:
	// level=INFO msg=request method=GET pattern="GET /stuff/{id}" status=200 path=/stuff/1 bytes=5 host=example.com remote=192.0.2.1:1234 request_id=ID
	// 200 hello
}

// Who has asked is in each line.
func ExampleAccessOptions() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "method", "status", "user":
			return a
		}
		return slog.Attr{}
	}}))
	find := func(_ context.Context, token string) (string, error) { return "ann", nil }
	h := tigertonic.Authenticated(text("hello"), tigertonic.BearerAuth(find))
	h2 := tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: logger, Attrs: func(r *http.Request) []slog.Attr {
		user, _ := tigertonic.Principal[string](r.Context())
		return []slog.Attr{slog.String("user", user)}
	}})
	request(h2, "GET", "/", "", "Authorization", "Bearer secret")
	// Output:
	// method=GET status=200 user=ann
	// 200 hello
}

// Only the proxy in front may say what a request is called.
func ExampleIdentifyOptions() {
	h := tigertonic.Identified(text("hello"), &tigertonic.IdentifyOptions{
		Trust:            func(r *http.Request) bool { return strings.HasPrefix(r.RemoteAddr, "10.") },
		RequestIDCreator: func(*http.Request) tigertonic.RequestID { return "mine" },
	})
	w := request(h, "GET", "/", "", "X-Request-Id", "theirs")
	fmt.Println(w.Header().Get("X-Request-Id"))
	// Output:
	// 200 hello
	// mine
}

// At most eight requests are in the handler; others are refused at once.
func ExampleLimitOptions() {
	h := tigertonic.Limited(text("hello"), 8, &tigertonic.LimitOptions{Queue: -1, RetryAfter: 10 * time.Second})
	request(h, "GET", "/", "")
	// Output: 200 hello
}

// A log of little traffic that is to be seen soon, in small writes.
func ExampleBufferedJSONOptions() {
	handler := tigertonic.NewBufferedJSONHandler(os.Stdout, &tigertonic.BufferedJSONOptions{
		HandlerOptions: slog.HandlerOptions{Level: slog.LevelWarn},
		Size:           4 << 10,
		Interval:       10 * time.Millisecond,
	})
	slog.New(handler).Info("not at this level")
	fmt.Println(handler.Close())
	// Output: <nil>
}

func ExampleBufferedJSONHandler() {
	var log strings.Builder // os.Stderr in a service
	handler := tigertonic.NewBufferedJSONHandler(&log, nil)
	logger := slog.New(handler) // and slog.SetDefault(logger), for all else

	h := tigertonic.Accessed(text("hello"), &tigertonic.AccessOptions{Logger: logger})
	request(h, "GET", "/stuff/1", "")
	fmt.Println(strings.Count(log.String(), "\n"), "lines are written by now")

	// In a service, after Server.Run has returned.
	if err := handler.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "the log isn't whole:", err)
	}
	fmt.Println(strings.Count(log.String(), "\n"), "line is written in the end")
	// Output:
	// 200 hello
	// 0 lines are written by now
	// 1 line is written in the end
}
