package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// brief is a limit that a test can wait for.
const brief = 400 * time.Millisecond

// fair is one that a client on a busy machine doesn't exceed by chance.
const fair = 1500 * time.Millisecond

// impatient returns a server with short limits.
func impatient(h http.Handler) *tigertonic.Server {
	s := tigertonic.NewServer("", h)
	s.BodyTimeout, s.ResponseTimeout = brief, brief
	return s
}

// together runs subtests at the same time, for all they do is wait, and -parallel
// allows few at a time.
func together(t *testing.T, subtests func(run func(name string, f func(*testing.T)))) {
	t.Helper()
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	subtests(func(name string, f func(*testing.T)) { all.Go(func() { t.Run(name, f) }) })
}

// A protocol is a way to speak to a server.
type protocol struct {
	name  string
	start func(t *testing.T, s *tigertonic.Server) (addr string)
	dial  func(t *testing.T, addr string) net.Conn // or nil
	http  func(t *testing.T) (*http.Client, string)
}

func protocols() []protocol {
	plain := func(t *testing.T, s *tigertonic.Server) string { addr, _ := start(t, s); return addr }
	client := func(http2 bool) func(*testing.T) (*http.Client, string) {
		return func(t *testing.T) (*http.Client, string) {
			transport := &http.Transport{TLSClientConfig: insecure(), ForceAttemptHTTP2: http2}
			t.Cleanup(transport.CloseIdleConnections)
			return &http.Client{Transport: transport, Timeout: 2 * patience}, "https://"
		}
	}
	return []protocol{
		{"HTTP/1.1", plain, dialPlain, func(t *testing.T) (*http.Client, string) { return newClient(t), "http://" }},
		{"TLS", startHTTP2, dialTLS, client(false)},
		{"HTTP/2", startHTTP2, nil, client(true)},
	}
}

func dialPlain(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*patience)))
	return conn
}

func dialTLS(t *testing.T, addr string) net.Conn {
	t.Helper()
	return tls.Client(dialPlain(t, addr), insecure())
}

func insecure(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protocols}
}

// send sends a request by hand.
func send(t *testing.T, conn net.Conn, text string) *bufio.Reader {
	t.Helper()
	_, err := io.WriteString(conn, text)
	require.NoError(t, err)
	return bufio.NewReader(conn)
}

type order struct {
	Tea string `json:"tea"`
}

func orders() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/typed", tigertonic.Typed(func(_ context.Context, o *order) (*order, error) { return o, nil }))
	mux.HandleFunc("POST", "/", func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, errors.Is(err, os.ErrDeadlineExceeded))
	})
	mux.HandleFunc("POST", "/closed", func(_ http.ResponseWriter, r *http.Request) { _ = r.Body.Close() })
	return mux
}

func TestSlowBodyIsAnswered408(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols() {
			run(p.name, func(t *testing.T) {
				addr := p.start(t, impatient(orders()))
				client, scheme := p.http(t)
				for _, path := range []string{"/typed", "/"} {
					body, end := io.Pipe()
					t.Cleanup(func() { _ = end.Close() })
					go func() { _, _ = io.WriteString(end, `{"tea":`) }()
					begin := time.Now()
					response, err := client.Post(scheme+addr+path, "application/json", body)
					require.NoError(t, err)
					text, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					require.NoError(t, response.Body.Close())
					assert.GreaterOrEqual(t, time.Since(begin), brief)
					if path == "/typed" {
						assert.Equal(t, 408, response.StatusCode, string(text))
						assert.Contains(t, string(text), "the body comes too slowly")
					} else {
						assert.Equal(t, "true", string(text))
					}
					assert.Equal(t, p.dial != nil, response.Close, "HTTP/2 has other streams on the connection")
				}
			})
		}
	})
}

// Handlers that leave a body alone leave it to net/http, which waits for it.
func TestSlowBodyThatNobodyWantsIsCutOff(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols()[:2] {
			for _, path := range []string{"/nowhere", "/closed"} {
				for name, pause := range map[string]time.Duration{"trickle": 20 * time.Millisecond, "silence": time.Hour} {
					run(p.name+path+" "+name, func(t *testing.T) {
						conn := p.dial(t, p.start(t, impatient(orders())))
						r := send(t, conn, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")
						done := make(chan struct{})
						defer close(done)
						go func() {
							for {
								select {
								case <-time.After(pause):
								case <-done:
									return
								}
								if _, err := io.WriteString(conn, "x"); err != nil {
									return
								}
							}
						}()
						_, err := io.Copy(io.Discard, r) // until it is closed, or reset
						assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the test's own")
					})
				}
			}
		}
	})
}

func TestUploadGoesOnAsLongAsItComes(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols() {
			run(p.name, func(t *testing.T) {
				server := impatient(orders())
				server.BodyTimeout = fair
				addr := p.start(t, server)
				client, scheme := p.http(t)
				body, end := io.Pipe()
				go func() {
					defer end.Close()
					for begin := time.Now(); time.Since(begin) < 2*fair; time.Sleep(fair / 100) {
						if _, err := end.Write(make([]byte, 2000)); err != nil {
							return
						}
					}
				}()
				response, err := client.Post(scheme+addr, "text/plain", body)
				require.NoError(t, err)
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				assert.Equal(t, "false", string(text))
			})
		}
	})
}

// quietly answers with two lines that are long apart, whatever the client sends.
func quietly(w http.ResponseWriter, _ *http.Request) {
	for range 2 {
		_, _ = io.WriteString(w, "line\n")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(3 * brief)
	}
}

func TestQuietStreamsAreLeftAlone(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols() {
			for _, body := range []string{"", "some", strings.Repeat("much", 100_000)} {
				run(fmt.Sprint(p.name, len(body)), func(t *testing.T) {
					addr := p.start(t, impatient(http.HandlerFunc(quietly)))
					client, scheme := p.http(t)
					response, err := client.Post(scheme+addr, "text/plain", strings.NewReader(body))
					require.NoError(t, err)
					defer response.Body.Close()
					text, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					assert.Equal(t, strings.Repeat("line\n", 2), string(text))
				})
			}
		}
	})
}

// A client and a handler that have begun to talk may be silent for a while, as may
// one whose handler knows that it is.
func TestConversationsAreLeftAlone(t *testing.T) {
	converse := func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if r.URL.Path == "/deadline" {
			_ = c.SetReadDeadline(time.Time{})
		} else {
			_ = c.EnableFullDuplex()
			_ = c.Flush()
		}
		text, err := io.ReadAll(r.Body)
		fmt.Fprint(w, string(text), err)
	}
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols() {
			for _, path := range []string{"/deadline", "/duplex"} {
				run(p.name+path, func(t *testing.T) {
					addr := p.start(t, impatient(http.HandlerFunc(converse)))
					client, scheme := p.http(t)
					body, end := io.Pipe()
					go func() {
						defer end.Close()
						time.Sleep(3 * brief)
						_, _ = io.WriteString(end, "late")
					}()
					response, err := client.Post(scheme+addr+path, "text/plain", body)
					require.NoError(t, err)
					defer response.Body.Close()
					text, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					assert.Equal(t, "late<nil>", string(text))
				})
			}
		}
	})
}

// unending writes until it can't, and tells.
func unending(ended chan<- error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		var err error
		for err == nil {
			_, err = w.Write(chunk)
		}
		ended <- err
	}
}

func TestResponseThatIsntReadIsCutOff(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols()[:2] {
			run(p.name, func(t *testing.T) {
				ended := make(chan error, 1)
				conn := p.dial(t, p.start(t, impatient(unending(ended))))
				send(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				require.Error(t, receiveFrom(t, "the handler to end", ended))
				_, err := io.Copy(io.Discard, conn)
				require.Error(t, err)
				assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			})
		}
		run("HTTP/2, with room for the stream", func(t *testing.T) {
			ended := make(chan error, 1)
			f := dialFrames(t, protocols()[2].start(t, impatient(unending(ended))), initialWindowSize, 1<<31-1)
			window := frame{kind: 8, payload: []byte{0x7f, 0, 0, 0}}
			require.NoError(t, f.send(window, requestFrame(1, false)))
			require.Error(t, receiveFrom(t, "the handler to end", ended))
			_, err := io.Copy(io.Discard, f)
			require.Error(t, err)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		})
		run("HTTP/2, without", func(t *testing.T) {
			ended := make(chan error, 1)
			f := dialFrames(t, protocols()[2].start(t, impatient(unending(ended))), initialWindowSize, 10)
			require.NoError(t, f.send(requestFrame(1, false)))
			f.until(t, frameReset, 1)
			require.Error(t, receiveFrom(t, "the handler to end", ended))
			require.NoError(t, f.send(requestFrame(3, false)))
			f.until(t, frameHeaders, 3) // the others go on
		})
		run("HTTP/2, without, and the handler has ended", func(t *testing.T) {
			f := dialFrames(t, protocols()[2].start(t, impatient(hello)), initialWindowSize, 0)
			require.NoError(t, f.send(requestFrame(1, false)))
			f.until(t, frameReset, 1)
		})
	})
}

// Small responses are sent when their handlers have ended.
func TestResponsesOfAPipelineThatIsntReadAreCutOff(t *testing.T) {
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols()[:2] {
			run(p.name, func(t *testing.T) {
				answer := bytes.Repeat([]byte("x"), 1000)
				conn := p.dial(t, p.start(t, impatient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))))
				requests := strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100)
				var err error
				for err == nil {
					_, err = io.WriteString(conn, requests)
				}
				assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			})
		}
	})
}

func TestResponseThatIsReadSlowlyGoesOn(t *testing.T) {
	const size = 24 << 20
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, make([]byte, size), 0o600))
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
	together(t, func(run func(string, func(*testing.T))) {
		for _, p := range protocols() {
			for _, path := range []string{"/file", "/bytes"} {
				run(p.name+path, func(t *testing.T) {
					server := impatient(mux)
					server.ResponseTimeout = fair
					addr := p.start(t, server)
					client, scheme := p.http(t)
					response, err := client.Get(scheme + addr + path)
					require.NoError(t, err)
					defer response.Body.Close()
					got := 0
					for chunk := make([]byte, 1<<20); err == nil; {
						var n int
						n, err = io.ReadFull(response.Body, chunk)
						got += n
						time.Sleep(fair / 10)
					}
					require.ErrorIs(t, err, io.EOF)
					assert.Equal(t, size, got)
				})
			}
		}
	})
}

// What a handler copies from may be quiet: the client isn't to blame.
func TestQuietSourceIsLeftAlone(t *testing.T) {
	t.Parallel()
	addr, _ := start(t, impatient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r, end := io.Pipe()
		go func() {
			defer end.Close()
			_, _ = end.Write(make([]byte, 4000))
			time.Sleep(3 * brief)
			_, _ = end.Write(make([]byte, 4000))
		}()
		w.Header().Set("Content-Length", "8000")
		_, _ = io.Copy(w, r)
	})))
	response, body := get(t, newClient(t), "http://"+addr)
	assert.Equal(t, 200, response.StatusCode)
	assert.Len(t, body, 8000)
}
