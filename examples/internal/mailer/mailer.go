// Package mailer sends mails by an SMTP server.
package mailer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// timeout is how long sending a mail may take.
const timeout = 20 * time.Second

// A Mailer sends mails through a server. A nil Mailer sends nothing.
type Mailer struct {
	host, port string
	auth       smtp.Auth
	from       *netmail.Address
	now        func() time.Time
}

// New returns a mailer for a server, host:port or smtp://user:password@host:port,
// or nil if there is none.
func New(server, from string, now func() time.Time) (*Mailer, error) {
	if server == "" {
		return nil, nil //nolint:nilnil // it sends nothing
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("the sender of mails: %w", err)
	}
	m := &Mailer{from: sender, now: now}
	if rest, ok := strings.CutPrefix(server, "smtp://"); ok {
		u, err := url.Parse(server)
		if err != nil {
			return nil, errors.New("the mail server isn't smtp://user:password@host:port") // without the password
		}
		server = u.Host
		if password, ok := u.User.Password(); ok && rest != "" {
			m.auth = smtp.PlainAuth("", u.User.Username(), password, u.Hostname())
		}
	}
	if m.host, m.port, err = net.SplitHostPort(server); err != nil {
		return nil, fmt.Errorf("the mail server: %w", err)
	}
	return m, nil
}

// A Message is a mail in two forms, or in one if it has no HTML.
type Message struct {
	To, Subject, Text, HTML string
}

// Send sends a mail. If it returns nil, the server has accepted the mail.
func (m *Mailer) Send(ctx context.Context, msg Message) error {
	if m == nil {
		return nil
	}
	to, err := netmail.ParseAddress(msg.To)
	if err != nil {
		return fmt.Errorf("the address of an account: %w", err)
	}
	text, err := m.encode(to, msg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.host, m.port))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // what was sent is acknowledged
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	return m.converse(conn, to, text)
}

// converse sends a mail over a connection, encrypted if the server supports it.
func (m *Mailer) converse(conn net.Conn, to *netmail.Address, text []byte) error {
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(&tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	}
	if m.auth != nil {
		if err := c.Auth(m.auth); err != nil {
			return err
		}
	}
	if err := c.Mail(m.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has the mail
	return nil
}

// encode returns the mail as it is sent.
func (m *Mailer) encode(to *netmail.Address, msg Message) ([]byte, error) {
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	_, domain, _ := strings.Cut(m.from.Address, "@")
	for _, line := range [][2]string{
		{"From", m.from.String()},
		{"To", to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", strings.NewReplacer("\r", " ", "\n", " ").Replace(msg.Subject))},
		{"Date", m.now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + tigertonic.RandomBase62String(24) + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "multipart/alternative; boundary=" + parts.Boundary()},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	for _, part := range [][2]string{{"text/plain", msg.Text}, {"text/html", msg.HTML}} {
		if part[1] == "" {
			continue
		}
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part[0] + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
		})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := q.Write([]byte(part[1])); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	err := parts.Close()
	return b.Bytes(), err
}
