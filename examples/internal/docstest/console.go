// Package docstest checks that Markdown pages are true: it runs the commands of their
// console blocks against a service, finds their Go in files that compile, and follows
// their links.
package docstest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Update is the flag -update: write the pages again.
var Update = flag.Bool("update", false, "write what the commands of a page print into it") //nolint:gochecknoglobals // a flag of tests

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	dateLine     = regexp.MustCompile(`(?m)^Date: (.*)$`)
	requestID    = regexp.MustCompile(`("request_id":"|X-Request-Id: )[A-Za-z0-9]{16,32}`)
)

// A Service is the service that the commands of a page run against.
type Service struct {
	Address string            // host:port it listens on
	Page    string            // host:port it has on the page, 127.0.0.1:8000 if it is ""
	Replace map[string]string // what else is different on the page, by what it is here
	Prints  map[string]string // what commands print that aren't run, such as the one that starts it
}

func (s Service) replacers() (here, there *strings.Replacer) {
	page := s.Page
	if page == "" {
		page = "127.0.0.1:8000"
	}
	toHere, toThere := []string{page, s.Address}, []string{s.Address, page}
	for is, shown := range s.Replace {
		toHere, toThere = append(toHere, shown, is), append(toThere, is, shown)
	}
	return strings.NewReplacer(toHere...), strings.NewReplacer(toThere...)
}

// Console runs the curl commands of a page's console blocks, each after "$ ", and
// compares what the page shows with what they print. It sends the requests itself, and
// again with curl if that is installed; it calls start for each.
func Console(t *testing.T, file string, start func(*testing.T) Service) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, string, []string) string{"raw": runRaw, "curl": runCurl} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath("curl"); err != nil && name == "curl" {
				t.Skip("curl is not installed: apt-get install curl")
			}
			want := read(t, file)
			s := start(t)
			here, there := s.replacers()
			got := consoleBlock.ReplaceAllStringFunc(want, func(block string) string {
				var b strings.Builder
				b.WriteString("```console\n")
				for _, command := range commands(block) {
					b.WriteString("$ " + command + "\n")
					if prints, ok := s.Prints[command]; ok {
						b.WriteString(there.Replace(prints))
						continue
					}
					b.WriteString(there.Replace(run(t, s.Address, words(t, here.Replace(command)))))
				}
				return b.String() + "```\n"
			})
			if *Update && name == "raw" && timeless(t, got) != timeless(t, want) {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // a page of the repository
					t.Fatal(err)
				}
				return
			}
			compare(t, file, timeless(t, got), timeless(t, want))
		})
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) //nolint:gosec // a page of the repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commands returns the commands of a console block.
func commands(block string) (commands []string) {
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, strings.TrimSuffix(command, "\n"))
		}
	}
	return commands
}

// words splits a command like a shell, as far as a page needs it.
func words(t *testing.T, command string) (words []string) {
	t.Helper()
	word, quoted, started := "", false, false
	for _, c := range command {
		switch {
		case c == '\'':
			quoted, started = !quoted, true
		case c == ' ' && !quoted:
			if started {
				words = append(words, word)
			}
			word, started = "", false
		case !quoted && strings.ContainsRune("\"\\$`|&;<>*?(){}~#", c):
			t.Fatalf("%s: %q is not in single quotes", command, c)
		default:
			word, started = word+string(c), true
		}
	}
	if quoted {
		t.Fatalf("%s: a quote is open", command)
	}
	return append(words, word)
}

// runCurl runs a command that is curl.
func runCurl(t *testing.T, _ string, words []string) string {
	t.Helper()
	if words[0] != "curl" {
		t.Fatalf("%q isn't curl", words)
	}
	out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-q", "-sS", "--noproxy", "*"}, words[1:]...)...).Output() //nolint:gosec // a command of a page
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// runRaw sends what curl would send for this command, and returns what curl would print.
func runRaw(t *testing.T, address string, words []string) string {
	t.Helper()
	request, include := rawRequest(t, words)
	header, body := exchange(t, address, request)
	if include {
		return header + "\n" + body
	}
	return body
}

// rawRequest returns the request that curl would send, and whether it would print the
// header of the response.
func rawRequest(t *testing.T, words []string) (request string, include bool) {
	t.Helper()
	if words[0] != "curl" {
		t.Fatalf("%q isn't curl", words)
	}
	method, body, target := "", "", &url.URL{}
	headers := map[string]string{"User-Agent": "curl", "Accept": "*/*"}
	value := func(i int) string {
		if i+1 == len(words) {
			t.Fatalf("%q: there is nothing after %s", words, words[i])
		}
		return words[i+1]
	}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-i":
			include = true
			continue
		case "-N":
			continue
		case "-X":
			method = value(i)
		case "-d":
			body = value(i)
		case "-F":
			body += formPart(value(i))
			headers["Content-Type"] = "multipart/form-data; boundary=docstest"
		case "-u":
			headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(value(i)))
		case "-H":
			name, value, _ := strings.Cut(value(i), ": ")
			headers[name] = value
		default:
			u, err := url.Parse(words[i])
			if err != nil || u.Scheme != "http" || target.Host != "" {
				t.Fatalf("%q: %s isn't the one URL, nor an option that this test knows", words, words[i])
			}
			target = u
			continue
		}
		i++
	}
	if headers["Host"] == "" {
		headers["Host"] = target.Host
	}
	if strings.HasPrefix(headers["Content-Type"], "multipart/") {
		body += "--docstest--\r\n"
	}
	if body != "" {
		headers["Content-Length"] = fmt.Sprint(len(body))
		if headers["Content-Type"] == "" {
			headers["Content-Type"] = "application/x-www-form-urlencoded"
		}
	}
	if method == "" {
		method = http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target.RequestURI())
	for name, value := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	return b.String() + "\r\n" + body, include
}

// formPart returns the part of a form that curl would send for an option -F with a text,
// which may have a file's name and a media type.
func formPart(option string) string {
	name, content, _ := strings.Cut(option, "=")
	content, attributes, _ := strings.Cut(content, ";")
	var fileName, contentType string
	for attribute := range strings.SplitSeq(attributes, ";") {
		if file, ok := strings.CutPrefix(attribute, "filename="); ok {
			fileName = `; filename="` + file + `"`
		} else if mediaType, ok := strings.CutPrefix(attribute, "type="); ok {
			contentType = "\r\nContent-Type: " + mediaType
		}
	}
	return "--docstest\r\nContent-Disposition: form-data; name=\"" + name + `"` + fileName + contentType + "\r\n\r\n" + content + "\r\n"
}

// exchange sends a request as it is, and returns the header of the response as it
// was sent, and its body without the transfer's encoding.
func exchange(t *testing.T, address, request string) (header, body string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var sent bytes.Buffer
	rs, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &sent)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Body.Close() }()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ = strings.Cut(sent.String(), "\r\n\r\n")
	return strings.ReplaceAll(header, "\r\n", "\n") + "\n", string(text)
}

// timeless returns text with the same date in all Date headers, which must be valid, and
// the same request ID everywhere.
func timeless(t *testing.T, text string) string {
	t.Helper()
	text = dateLine.ReplaceAllStringFunc(text, func(line string) string {
		if _, err := http.ParseTime(strings.TrimPrefix(line, "Date: ")); err != nil {
			t.Error(err)
		}
		return "Date: now"
	})
	return requestID.ReplaceAllString(text, "${1}ID")
}

// compare reports the first line that differs between a page and what it should be.
func compare(t *testing.T, file, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(the end)"
		}
		if line(g) != line(w) {
			t.Fatalf("%s:%d: got %q, want %q", file, i+1, line(g), line(w))
		}
	}
}
