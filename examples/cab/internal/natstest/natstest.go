// Package natstest gives tests a NATS server in their own process.
package natstest

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// patient is how long the server may take on a busy machine.
const patient = 30 * time.Second

// A Server is one that tests stop and start again.
type Server struct {
	t    testing.TB
	s    *server.Server
	port int
}

// Start starts a server, which is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, port: server.RANDOM_PORT}
	s.Again()
	t.Cleanup(s.Stop)
	return s
}

// URL returns where it listens.
func (s *Server) URL() string { return s.s.ClientURL() }

// Stop stops it and closes its connections.
func (s *Server) Stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}

// Again starts it again, on the same port.
func (s *Server) Again() {
	s.t.Helper()
	var err error
	s.s, err = server.NewServer(&server.Options{Host: "127.0.0.1", Port: s.port, NoLog: true, NoSigs: true})
	if err != nil {
		s.t.Fatal(err)
	}
	s.s.Start()
	if !s.s.ReadyForConnections(patient) {
		s.t.Fatal("the NATS server isn't ready")
	}
	if addr, is := s.s.Addr().(*net.TCPAddr); is {
		s.port = addr.Port
	}
}
