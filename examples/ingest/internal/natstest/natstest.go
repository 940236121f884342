// Package natstest gives a test a NATS server with JetStream.
package natstest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patient is how long the server may take to start.
const patient = 60 * time.Second

// A Server runs in this process.
type Server struct{ *server.Server }

// Start starts a server that keeps what it has in dir, and syncs it to disk. Port is -1
// for any. The server stops with the test.
func Start(t *testing.T, dir string, port int) Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, SyncAlways: true, NoLog: true, NoSigs: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(Server{s}.Stop)
	if !s.ReadyForConnections(patient) {
		t.Fatal("the NATS server isn't ready")
	}
	return Server{s}
}

// Stop stops the server, and returns when it has.
func (s Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// Left returns how many messages its streams have.
func (s Server) Left(t *testing.T) int {
	t.Helper()
	z, err := s.Jsz(&server.JSzOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return int(z.Messages) //nolint:gosec // of a test
}
