// Published is a small and faithful copy of a design that was published as the way to
// handle a million requests per minute with Go. It is only here to be compared with
// examples/ingest: what it accepts, it only has in memory.
//
// A request's payloads become jobs in a channel. A dispatcher takes the jobs out and
// starts a goroutine for each, which waits for a free worker and hands it the job. A
// fixed number of workers upload one payload at a time, and log failed uploads. Here, an
// upload takes as long as -latency says and does nothing else.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	maxLength = 1 << 20
	maxQueue  = 100
)

// A collection is the body of a request.
type collection struct {
	Version string            `json:"version"`
	Token   string            `json:"token"`
	Data    []json.RawMessage `json:"data"`
}

type job struct{ payload json.RawMessage }

// A service is the channel of jobs, the pool of workers, and the counts of both.
type service struct {
	queue   chan job
	pool    chan chan job // of the workers that are free
	store   io.Writer
	latency time.Duration

	accepted, uploaded atomic.Int64
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	workers := flag.Int("workers", 100, "uploads at a time")
	latency := flag.Duration("latency", 100*time.Millisecond, "what an upload takes")
	flag.Parse()
	s := &service{queue: make(chan job, maxQueue), pool: make(chan chan job, *workers), store: io.Discard, latency: *latency}
	for range *workers {
		go s.work()
	}
	go s.dispatch()
	if err := s.serve(*addr); err != nil {
		slog.Error("published has ended", "error", err)
		os.Exit(1)
	}
}

// serve serves until the process ends.
func (s *service) serve(addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /1.0/payloads", s.accept)
	mux.HandleFunc("GET /figures", s.figures)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("published (process %d) listens on http://%s, try:\n  load -url http://%[2]s/1.0/payloads -rate 4630 -for 5s\nand read http://%[2]s/figures\n", os.Getpid(), l.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(l)
}

func (s *service) accept(w http.ResponseWriter, r *http.Request) {
	var posted collection
	if err := json.NewDecoder(io.LimitReader(r.Body, maxLength)).Decode(&posted); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, payload := range posted.Data {
		s.queue <- job{payload}
		s.accepted.Add(1)
	}
	w.WriteHeader(http.StatusOK)
}

// dispatch hands each job to a free worker, in its own goroutine.
func (s *service) dispatch() {
	for j := range s.queue {
		go func() {
			worker := <-s.pool
			worker <- j
		}()
	}
}

// work is a worker.
func (s *service) work() {
	jobs := make(chan job)
	for {
		s.pool <- jobs
		j := <-jobs
		if err := s.upload(j.payload); err != nil {
			slog.Error("uploading failed", "error", err)
		}
	}
}

func (s *service) upload(payload json.RawMessage) error {
	time.Sleep(s.latency) // the store
	if _, err := s.store.Write(payload); err != nil {
		return err
	}
	s.uploaded.Add(1)
	return nil
}

// figures serves the measurements.
func (s *service) figures(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, `{"accepted":%d,"uploaded":%d,"goroutines":%d}`+"\n", s.accepted.Load(), s.uploaded.Load(), runtime.NumGoroutine())
}
