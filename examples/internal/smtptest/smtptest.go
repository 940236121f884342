// Package smtptest gives a test a server that takes mails.
package smtptest

import (
	"io"
	"net"
	netmail "net/mail"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	patient = 30 * time.Second
	waiting = 100
)

// A Server takes mails. Those that nobody has waited for are kept, up to 100.
type Server struct {
	Addr  string
	mails chan Mail
}

// A Mail is what a server was sent.
type Mail struct {
	From, To, Text string // Text is all of it, its header included
}

// Start starts a server that ends with the test.
func Start(t *testing.T) *Server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), mails: make(chan Mail, waiting)}
	served := smtp.NewServer(s)
	served.Domain = "localhost"
	go func() { _ = served.Serve(l) }() // it ends with the test
	t.Cleanup(func() { _ = served.Close() })
	return s
}

// Next waits for a mail.
func (s *Server) Next(t *testing.T) Mail {
	t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(patient):
		t.Fatal("no mail has come")
		return Mail{}
	}
}

// None fails if there is a mail.
func (s *Server) None(t *testing.T) {
	t.Helper()
	select {
	case m := <-s.mails:
		t.Errorf("got a mail to %s: %s", m.To, m.Text)
	default:
	}
}

// NewSession begins to take a mail.
func (s *Server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

type session struct {
	server *Server
	got    Mail
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.got.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	_, err := netmail.ParseAddress(to)
	s.got.To = to
	return err
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.got.Text = string(text)
	s.server.mails <- s.got
	return err
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }
