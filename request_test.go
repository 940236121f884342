package tigertonic_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// The request isn't changed while its handler runs, whatever the server does to
// watch its client: a goroutine of the handler's may read it. The race detector is
// what would find it.
func TestRequestStaysAsItIsWhileTheHandlerWrites(t *testing.T) {
	for _, p := range protocols() {
		for _, duplex := range []bool{false, true} {
			t.Run(fmt.Sprint(p.name, duplex), func(t *testing.T) {
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if duplex {
						assert.NoError(t, http.NewResponseController(w).EnableFullDuplex())
					}
					body, done := r.Body, make(chan struct{})
					var readers sync.WaitGroup
					readers.Go(func() {
						for more := true; more; {
							assert.Same(t, body, r.Body)
							select {
							case <-done:
								more = false
							default:
							}
						}
					})
					if duplex { // net/http fails if a handler leaves something there
						_, _ = io.Copy(io.Discard, r.Body)
					}
					for range 50 {
						_, _ = io.WriteString(w, "line\n")
						_ = http.NewResponseController(w).Flush()
						_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
					}
					close(done)
					readers.Wait()
				})
				addr := p.start(t, tigertonic.NewServer("", h))
				client, scheme := p.http(t)
				for range 3 {
					response, err := client.Post(scheme+addr, "text/plain", strings.NewReader("hello"))
					require.NoError(t, err)
					text, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					require.NoError(t, response.Body.Close())
					assert.Equal(t, strings.Repeat("line\n", 50), string(text))
				}
			})
		}
	}
}

// The server hands the handlers a copy of the request. What net/http, and who stands
// outside of them, read of it afterwards is in the one that they have.
func TestServerGivesBackWhatTheHandlerHasMadeOfTheRequest(t *testing.T) {
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			file := ""
			mux := tigertonic.NewTrieServeMux()
			mux.HandleFunc("POST", "/files/{name}", func(_ http.ResponseWriter, r *http.Request) {
				if !assert.NoError(t, r.ParseMultipartForm(1)) {
					return
				}
				f, err := r.MultipartForm.File["file"][0].Open()
				if !assert.NoError(t, err) {
					return
				}
				defer f.Close()
				if onDisk, ok := f.(*os.File); assert.True(t, ok, "%T", f) {
					file = onDisk.Name()
				}
				if r.PathValue("name") == "panic" {
					panic(errLeak)
				}
			})
			s := tigertonic.NewServer("", mux)
			s.ErrorLog = discard
			inner, patterns := s.Handler, make(chan string, 2)
			s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner.ServeHTTP(w, r)
				patterns <- r.Pattern
			})
			addr := p.start(t, s)
			client, scheme := p.http(t)
			for path, want := range map[string]int{"/files/a": 200, "/files/panic": 500} {
				var body bytes.Buffer
				form := multipart.NewWriter(&body)
				part, err := form.CreateFormFile("file", "a")
				require.NoError(t, err)
				_, err = part.Write(bytes.Repeat([]byte("a"), 11<<20)) // too much for memory
				require.NoError(t, err)
				require.NoError(t, form.Close())
				response, err := client.Post(scheme+addr+path, form.FormDataContentType(), &body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				assert.Equal(t, want, response.StatusCode)
				assert.Equal(t, "POST /files/{name}", receiveFrom(t, "the pattern", patterns))
				eventually(t, "the file to be removed", func() bool { _, err := os.Stat(file); return os.IsNotExist(err) })
			}
		})
	}
}
