package mail_test

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/alert"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/mail"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const now = 1_700_049_600

// A server takes mails.
type server struct {
	addr  string
	mails chan received
	mu    sync.Mutex
	sick  bool
}

type received struct {
	from, to string
	text     string
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

func (s *server) set(sick bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick = sick
}

type session struct {
	server *server
	got    received
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.sick {
		return &smtp.SMTPError{Code: 451, Message: "not now"}
	}
	s.got.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.got.text = string(text)
	s.server.mails <- s.got
	return err
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

func startServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String(), mails: make(chan received, 10)}
	served := smtp.NewServer(s)
	served.Domain = "localhost"
	go func() { _ = served.Serve(l) }()
	t.Cleanup(func() { _ = served.Close() })
	return s
}

// read returns the parts of a mail by their types.
func read(t *testing.T, text string) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err != nil {
			return m.Header, parts
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		parts[kind] = string(body)
	}
}

func newMailer(t *testing.T, addr string) *mailer.Mailer {
	t.Helper()
	m, err := mailer.New(addr, "Stats <stats@example.com>", func() time.Time { return time.Unix(now, 0).UTC() })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T) (*store.Store, store.Account) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a, err := s.MakeAccount(t.Context(), now, "ann@example.com", "", "k")
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

func TestReportIsSentOnce(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	s, a := open(t)
	const day = now / 86400
	sample := func(name string, counter bool, at int64, value float64) store.Sample {
		return store.Sample{Name: name, Counter: counter, Minute: at / 60, Value: value}
	}
	w := &store.Write{Account: a.ID, Samples: []store.Sample{
		sample("<b>hits</b>\r\nBcc: eve@example.com", true, day*86400+60, 30), sample("<b>hits</b>\r\nBcc: eve@example.com", true, day*86400+7200, 15),
		sample("<b>hits</b>\r\nBcc: eve@example.com", true, day*86400-60, 30), sample("wärme", false, day*86400+60, 10), sample("wärme", false, day*86400+70, 20),
	}}
	if err := s.Apply(t.Context(), now, []*store.Write{w}); err != nil {
		t.Fatal(err)
	}
	reports := &mail.Reports{Store: s, Mailer: newMailer(t, server.addr), Base: "https://www.example.com"}
	server.set(true)
	if err := reports.Send(t.Context(), day); err == nil {
		t.Error("a mail that wasn't taken is no error")
	}
	server.set(false)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := reports.Send(t.Context(), day); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(server.mails) != 1 {
		t.Fatalf("%d mails were sent", len(server.mails))
	}
	got := <-server.mails
	header, parts := read(t, got.text)
	if got.from != "stats@example.com" || got.to != "ann@example.com" || header.Get("Bcc") != "" || header.Get("Subject") != "Stats of Wednesday, 15 November 2023" {
		t.Errorf("got %+v and %v", got, header)
	}
	for _, want := range []string{"latest hour", "15           15   30   22.5  45     +50.0 %", "wärme", "15           10   20   15    30"} {
		if !strings.Contains(parts["text/plain"], want) {
			t.Errorf("%q isn't in\n%s", want, parts["text/plain"])
		}
	}
	if html := parts["text/html"]; strings.Contains(html, "<b>") || !strings.Contains(html, "&lt;b&gt;hits") || !strings.Contains(html, "https://www.example.com/stats/") {
		t.Errorf("got %s", html)
	}
	for line := range strings.Lines(got.text) {
		if len(line) > 1000 {
			t.Error("a line is longer than mails can have")
		}
	}
}

func TestNewStatsAreTold(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	s, a := open(t)
	o := mail.NewOutbox(newMailer(t, server.addr), s, "https://www.example.com", 5*time.Millisecond)
	defer o.Close()
	o.Made([]store.MadeOfName{{Account: a.ID, Name: "a", DestroyKey: "k1"}, {Account: a.ID, Name: "b", DestroyKey: "k2"}})
	_, parts := read(t, (<-server.mails).text)
	if !strings.Contains(parts["text/plain"], "b\r\n  https://www.example.com/destroy/k2") && !strings.Contains(parts["text/plain"], "b\n  https://www.example.com/destroy/k2") {
		t.Errorf("got %s", parts["text/plain"])
	}
	o.Send(mail.Alert(alert.Event{Account: a, Alert: store.Alert{StatName: "load\r\nBcc: x", StatID: "id", Kind: "value", Operator: "greater than", Threshold: 2, Window: "5m"}, Value: 3}, "https://www.example.com"))
	header, parts := read(t, (<-server.mails).text)
	if header.Get("Bcc") != "" || !strings.Contains(parts["text/plain"], "3 in 5m, which is greater than 2") {
		t.Errorf("got %v and %s", header, parts["text/plain"])
	}
}

func TestMailersThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{{"localhost", "a@b"}, {"localhost:25", "nobody"}, {"smtp://u:swordfish@[::1", "a@b"}} {
		if m, err := mailer.New(tt[0], tt[1], time.Now); err == nil || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%v: got %v, %v", tt, m, err)
		}
	}
	none, err := mailer.New("", "a@b", time.Now)
	if err != nil || none.Send(context.Background(), mailer.Message{To: "x@y"}) != nil {
		t.Errorf("got %v", err)
	}
}
