package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// send sends a request with these headers, "Name: value", and returns the
// response with its body read. The document must have such a response.
func (p *process) send(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	rs, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	p.conforms(t, r, rs, text)
	return rs, string(text)
}

// conforms checks that the document has such a response. It has none to OPTIONS,
// and none to what operators ask of another host.
func (p *process) conforms(t *testing.T, r *http.Request, rs *http.Response, body []byte) {
	if r.Method != http.MethodOptions && (r.URL.Path != "/routes" || r.Host == "ops.localhost" && rs.StatusCode != http.StatusNotFound) {
		p.checker.Check(t, "", r, rs.StatusCode, rs.Header, body)
	}
}

// sendRaw sends a request as it is and returns the response with its body read,
// and as it came. The document must have such a response.
func (p *process) sendRaw(t *testing.T, request string) (rs *http.Response, raw string) {
	t.Helper()
	conn := dial(t, p.address)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	rs, raw = receive(t, conn, request)
	if r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request))); err == nil {
		_, body, _ := strings.Cut(raw, "\r\n\r\n")
		p.conforms(t, r, rs, []byte(body))
	}
	return rs, raw
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// receive reads the response to a request, and returns it also as it came.
func receive(t *testing.T, conn net.Conn, request string) (rs *http.Response, raw string) {
	t.Helper()
	rs, raw, err := read(conn, request)
	if err != nil {
		t.Fatalf("%v after %q", err, raw)
	}
	return rs, raw
}

func read(conn net.Conn, request string) (rs *http.Response, raw string, err error) {
	var b strings.Builder
	method, _, _ := strings.Cut(request, " ")
	rs, err = http.ReadResponse(bufio.NewReader(io.TeeReader(conn, &b)), &http.Request{Method: method})
	if err == nil {
		_, err = io.Copy(io.Discard, rs.Body)
	}
	return rs, b.String(), err
}

func post(target, host, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", target, host, len(body), body)
}

func TestServiceCreatesGetsUpdatesAndLists(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string // the beginning of the body
	}{
		{"GET", "/1.0/stuff", "", 200, `[]` + "\n"},
		{"POST", "/1.0/stuff", `{"id":"b","stuff":"1"}`, 201, `{"id":"b","stuff":"1"}` + "\n"},
		{"POST", "/1.0/stuff", `{"id":"a","stuff":"2"}`, 201, `{"id":"a","stuff":"2"}` + "\n"},
		{"POST", "/1.0/stuff", `{"id":"a","stuff":"3"}`, 409, `{"description":"there is stuff \"a\" already","error":"tigertonic.Conflict"}` + "\n"},
		{"GET", "/1.0/stuff/a", "", 200, `{"id":"a","stuff":"2"}` + "\n"},
		{"HEAD", "/1.0/stuff/a", "", 200, ""},
		{"PUT", "/1.0/stuff/a", `{"id":"a","stuff":"4"}`, 200, `{"id":"a","stuff":"4"}` + "\n"},
		{"PUT", "/1.0/stuff/a", `{"id":"b","stuff":"5"}`, 400, `{"description":"the id \"b\" isn't the path's","error":"tigertonic.BadRequest"}` + "\n"},
		{"GET", "/1.0/stuff", "", 200, `[{"id":"a","stuff":"4"},{"id":"b","stuff":"1"}]` + "\n"},

		{"GET", "/1.0/stuff/c", "", 404, `{"description":"there is no stuff \"c\"","error":"tigertonic.NotFound"}` + "\n"},
		{"GET", "/1.0/stuff/c?id=a&%7Bid%7D=a", "", 404, `{"description":"there is no stuff \"c\"",`},
		{"PUT", "/1.0/stuff/c", `{"id":"c","stuff":"6"}`, 404, `{"description":"there is no stuff \"c\"",`},
		{"GET", "/1.0/stuff/", "", 404, `{"description":"GET /`},
		{"GET", "/1.0", "", 404, `{"description":"GET /`},
		{"GET", "/stuff", "", 404, `{"description":"GET /`},
		{"DELETE", "/1.0/stuff/a", "", 405, `{"description":"only GET, HEAD, OPTIONS, PUT are allowed",`},
		{"OPTIONS", "/1.0/stuff", "", 200, `{"allow":["GET","HEAD","OPTIONS","POST"]}` + "\n"},

		{"POST", "/1.0/stuff", `{"id":"a b"}`, 400, `{"description":"the id \"a b\" isn't 1 to 64 letters, digits, - or _",`},
		{"POST", "/1.0/stuff", `null`, 400, `{"description":"the id \"\" isn't 1 to 64 letters, digits, - or _",`},
		{"POST", "/1.0/stuff", `{"id":"d","stuff":"` + strings.Repeat("é", 1001) + `"}`, 400, `{"description":"the stuff is longer than 1000 characters",`},
		{"POST", "/1.0/stuff", `{"id":"d"`, 400, `{"description":"unexpected end of JSON input","error":"json.SyntaxError"}` + "\n"},
		{"POST", "/1.0/stuff", `{"id":"d"} {}`, 400, `{"description":"invalid character '{' after top-level value",`},
		{"POST", "/1.0/stuff", `{"id":7}`, 400, `{"description":"json: a number doesn't fit \"id\", at offset 7",`},
		{"POST", "/1.0/stuff", `{"id":"d","stuff":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `{"description":"the body is longer than 1048576 bytes",`},
		{"GET", "/1.0/stuff/d", "", 404, `{"description":"there is no stuff \"d\"",`},
	} {
		rs, got := p.send(t, tt.method, tt.path, tt.body)
		if rs.StatusCode != tt.status || !strings.HasPrefix(got, tt.want) || strings.HasSuffix(tt.want, "\n") && got != tt.want {
			t.Errorf("%s %s %.40s: got %d %q, want %d %q", tt.method, tt.path, tt.body, rs.StatusCode, got, tt.status, tt.want)
		}
	}
	rs, _ := p.send(t, "POST", "/1.0/stuff", `{"id":"e"}`, "Content-Type: application/x-www-form-urlencoded")
	if rs.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("got %d for a form, want 415", rs.StatusCode)
	}
}

func TestContentLocationDoesNotDependOnTheHost(t *testing.T) {
	t.Parallel()
	p := start(t)
	for i, tt := range []struct {
		target, host string
		status       int
	}{
		{"/1.0/stuff", p.address, 201},
		{"/1.0/stuff", "ops.localhost", 201},
		{"/1.0/stuff", "evil.example", 201},
		{"/1.0/stuff", "evil.example:80", 201},
		{"/1.0/stuff", "//evil.example", 400},
		{"/1.0/stuff", "", 201},
		{"/1.0/stuff", "[::1", 201},
		{"/1.0/stuff", "a,b", 201},
		{"http://evil.example/1.0/stuff", "evil.example", 201},
		{"/1.0/stuff?host=evil.example", "evil.example", 201},
		{"/1.0/stuff", "evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: //evil.example", 201},
		{"/1.0/stuff", "evil.example/x y", 400},
		{"/1.0/stuff", "evil.example\r\nHost: other.example", 400},
		{"//evil.example/1.0/stuff", p.address, 404},
	} {
		id := fmt.Sprintf("id%d", i)
		rs, raw := p.sendRaw(t, post(tt.target, tt.host, `{"id":"`+id+`","stuff":"STUFF"}`))
		want := ""
		if tt.status == http.StatusCreated {
			want = "/1.0/stuff/" + id
		}
		if got := rs.Header.Get("Content-Location"); rs.StatusCode != tt.status || got != want || strings.Contains(rs.Header.Get("Content-Location"), "evil") {
			t.Errorf("%s, host %q: got %d and Content-Location %q, want %d and %q:\n%s", tt.target, tt.host, rs.StatusCode, got, tt.status, want, raw)
		}
	}
}

func TestOperatorsHaveAHostOfTheirOwn(t *testing.T) {
	t.Parallel()
	p := start(t)
	password := "operator:" + p.password
	for _, tt := range []struct {
		host, credentials, path string
		want                    int
	}{
		{"ops.localhost", password, "/routes", 200},
		{"OPS.localhost.:80", password, "/routes", 200},
		{"ops.localhost", password, "/version", 200},
		{"ops.localhost", "", "/version", 200},
		{"ops.localhost", "", "/routes", 401},
		{"ops.localhost", "", "/nothing", 401},
		{"ops.localhost", "operator:", "/routes", 401},
		{"ops.localhost", "operator:x" + p.password, "/routes", 401},
		{"ops.localhost", "Operator:" + p.password, "/routes", 401},
		{"ops.localhost", password, "/nothing", 404},
		{p.address, password, "/routes", 404},
		{p.address, "", "/routes", 404},
		{"example.com", password, "/routes", 404},
		{"ops.localhost.example.com", password, "/routes", 404},
		{"[::1", password, "/routes", 400},
		{"example.com", "", "/version", 200},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", p.base+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = tt.host
		if user, password, ok := strings.Cut(tt.credentials, ":"); ok {
			r.SetBasicAuth(user, password)
		}
		rs, err := p.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != tt.want {
			t.Errorf("%s of %s as %q: got %d, want %d", tt.path, tt.host, tt.credentials, rs.StatusCode, tt.want)
		}
		challenge := ""
		if tt.want == http.StatusUnauthorized {
			challenge = `Basic realm="stuff"`
		}
		if got := rs.Header.Get("WWW-Authenticate"); got != challenge {
			t.Errorf("%s of %s as %q: got WWW-Authenticate %q, want %q", tt.path, tt.host, tt.credentials, got, challenge)
		}
	}
}

func TestPreflightIsAnsweredForTheListedOrigin(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, tt := range []struct {
		path, origin, method, headers string
		allowed                       string // methods
	}{
		{"/1.0/stuff", "http://localhost:3000", "POST", "content-type", "GET, HEAD, OPTIONS, POST"},
		{"/1.0/stuff/ID", "http://localhost:3000", "PUT", "content-type", "GET, HEAD, OPTIONS, PUT"},
		{"/1.0/stuff/ID", "http://localhost:3000", "DELETE", "", ""},
		{"/2.0/stuff", "http://localhost:3000", "POST", "content-type", "GET, HEAD, OPTIONS, POST"},
		{"/2.0/stuff/ID", "http://localhost:3000", "PATCH", "content-type", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"},
		{"/2.0/stuff/ID", "http://localhost:3000", "DELETE", "", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"},
		{"/2.0/changes", "http://localhost:3000", "GET", "", "GET, HEAD, OPTIONS"},
		{"/2.0/changes", "http://localhost:3000", "PATCH", "", ""},
		{"/2.0/stuff/ID", "http://localhost:3001", "PATCH", "content-type", ""},
		{"/1.0/stuff", "http://localhost:3000", "POST", "x-other", ""},
		{"/1.0/stuff", "http://localhost:3001", "POST", "content-type", ""},
		{"/1.0/stuff", "null", "POST", "content-type", ""},
	} {
		headers := []string{"Origin: " + tt.origin, "Access-Control-Request-Method: " + tt.method}
		if tt.headers != "" {
			headers = append(headers, "Access-Control-Request-Headers: "+tt.headers)
		}
		rs, _ := p.send(t, "OPTIONS", tt.path, "", headers...)
		origin := ""
		if tt.allowed != "" {
			origin = tt.origin
		}
		if got := rs.Header.Get("Access-Control-Allow-Origin"); got != origin {
			t.Errorf("%v: got the origin %q, want %q", tt, got, origin)
		}
		if got := rs.Header.Get("Access-Control-Allow-Methods"); got != tt.allowed {
			t.Errorf("%v: got the methods %q, want %q", tt, got, tt.allowed)
		}
	}
	for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "http://localhost:3001": ""} {
		rs, _ := p.send(t, "GET", "/1.0/stuff", "", "Origin: "+origin)
		if got := rs.Header.Get("Access-Control-Allow-Origin"); got != want || rs.Header.Get("Vary") != "Origin" {
			t.Errorf("from %s: got the origin %q and Vary %q, want %q and Origin", origin, got, rs.Header.Get("Vary"), want)
		}
	}
}

func TestMetricsCountRequests(t *testing.T) {
	t.Parallel()
	p := start(t)
	counts := func() map[string]int {
		rs, body := p.send(t, "GET", "/metrics.json", "")
		var metrics map[string]struct {
			Count int `json:"count"`
		}
		if err := json.Unmarshal([]byte(body), &metrics); err != nil {
			t.Fatal(err)
		}
		if got := rs.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("got Content-Type %q", got)
		}
		counts := map[string]int{}
		for name, metric := range metrics {
			counts[name] = metric.Count
		}
		return counts
	}
	series := len(counts())
	p.send(t, "POST", "/1.0/stuff", `{"id":"ID","stuff":"STUFF"}`)
	p.send(t, "GET", "/1.0/stuff/ID", "")
	p.send(t, "GET", "/1.0/stuff/other", "")
	p.send(t, "GET", "/1.0/stuff", "")
	p.send(t, "GET", "/1.0/nothing", "")
	p.send(t, "GET", "/2.0/stuff", "")
	p.send(t, "GET", "/2.0/stuff?limit=0", "")
	got := counts()
	for name, want := range map[string]int{"classic-200": 2, "classic-201": 1, "classic-404": 2, "typed-200": 1, "typed-422": 1, "create": 1, "get": 2, "list": 1, "update": 0} {
		if got[name] != want {
			t.Errorf("got %d for %s, want %d", got[name], name, want)
		}
	}
	if len(got) != series {
		t.Errorf("got %d series after the requests and %d before", len(got), series)
	}
}

func TestVersionIsPlainText(t *testing.T) {
	t.Parallel()
	p := start(t)
	rs, got := p.send(t, "GET", "/version", "")
	if rs.StatusCode != http.StatusOK || got != version+"\n" || rs.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("got %d %q of type %q", rs.StatusCode, got, rs.Header.Get("Content-Type"))
	}
}

// write writes a file for the test and returns its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigReplacesDefaults(t *testing.T) {
	t.Parallel()
	p := start(t, "-config", write(t, "stuff.json", `{"host": "Admin.Example.com", "password": "swordfish", "origins": ["https://example.com"]}`))
	if p.password != "" || strings.Contains(p.welcome, "swordfish") {
		t.Errorf("it prints a password:\n%s", p.welcome)
	}
	const credentials = "Authorization: Basic b3BlcmF0b3I6c3dvcmRmaXNo"
	if rs, _ := p.send(t, "GET", "/routes", "", credentials, "Host: admin.example.com"); rs.StatusCode != http.StatusOK {
		t.Errorf("got %d with the host and the password of the file", rs.StatusCode)
	}
	if rs, _ := p.send(t, "GET", "/routes", "", credentials, "Host: ops.localhost"); rs.StatusCode != http.StatusNotFound {
		t.Errorf("got %d with the default host", rs.StatusCode)
	}
	for origin, want := range map[string]string{"https://example.com": "https://example.com", "http://localhost:3000": ""} {
		rs, _ := p.send(t, "GET", "/1.0/stuff", "", "Origin: "+origin)
		if got := rs.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("from %s: got the origin %q, want %q", origin, got, want)
		}
	}
}

func TestBadStartsFailAndSayWhy(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	unknownKey := write(t, "stuff.json", "{\n  \"host\": \"ops.example.com\",\n  \"passwort\": \"swordfish\"\n}\n")
	garbage := write(t, "stuff.json", "{}\nx")
	mismatch := write(t, "stuff.json", `{"origins": "https://example.com"}`)
	yaml := write(t, "stuff.yaml", "host: ops.example.com\n")
	for _, tt := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"-config", unknownKey}, 1, []string{unknownKey + ":3:3: ", "/passwort", "no such key"}},
		{[]string{"-config", garbage}, 1, []string{garbage + ":2:1: "}},
		{[]string{"-config", mismatch}, 1, []string{mismatch + ":1:13: ", "/origins"}},
		{[]string{"-config", yaml}, 1, []string{yaml, ".json"}},
		{[]string{"-config", unknownKey + "x.json"}, 1, []string{unknownKey + "x.json"}},
		{[]string{"-cert", "no.pem"}, 1, []string{"no.pem"}},
		{[]string{"-key", "no.pem"}, 1, []string{"no.pem"}},
		{[]string{"-listen", taken.Addr().String()}, 1, []string{taken.Addr().String()}},
		{[]string{"-listen", "nonsense"}, 1, []string{"nonsense"}},
		{[]string{"-nonsense"}, 2, []string{"-nonsense", "-listen address"}},
	} {
		p := launch(t, append([]string{"-listen", "127.0.0.1:0", "-admin", ""}, tt.args...)...)
		code, got := p.wait(t), p.output.String()
		if code != tt.code {
			t.Errorf("%q: got exit code %d, want %d", tt.args, code, tt.code)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q: it printed %q, want %q in it", tt.args, got, want)
			}
		}
		if strings.Contains(got, "swordfish") || strings.Contains(got, "listens on") {
			t.Errorf("%q: it printed %q", tt.args, got)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	p := start(t)
	const secret = "SECRET-of-a-client"
	body := `{"id":"ID","stuff":"` + secret + `"}`
	whole := post("/1.0/stuff", p.address, body)
	conn := dial(t, p.address)
	defer conn.Close()
	for i := range len(whole) { // as the network may deliver it
		if _, err := io.WriteString(conn, whole[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if rs, raw := receive(t, conn, whole); rs.StatusCode != http.StatusCreated || !strings.Contains(raw, secret) {
		t.Fatalf("got %s", raw)
	}
	p.send(t, "GET", "/1.0/stuff", "")
	p.send(t, "POST", "/1.0/stuff", body[:len(body)-2])
	p.send(t, "POST", "/2.0/stuff", body)
	p.send(t, "PATCH", "/2.0/stuff/ID", `{"id":"other","stuff":"`+secret+`"}`, "Content-Type: application/merge-patch+json")
	p.send(t, "GET", "/2.0/stuff", "")
	p.send(t, "GET", "/routes", "", "Host: ops.localhost", "Authorization: Basic "+secret, "Cookie: session="+secret)
	conn.Close()
	p.client.CloseIdleConnections()
	p.stop(t)
	log := p.output.String()
	for line := range strings.Lines(p.welcome) { // between which there may be lines of the log
		log = strings.Replace(log, line, "", 1)
	}
	for _, hidden := range []string{secret, "SECRET", p.password} {
		if strings.Contains(log, hidden) {
			t.Errorf("%q is in the log:\n%s", hidden, log)
		}
	}
	for _, shown := range []string{
		` > {"id":"ID","stuff":"redacted"}`, ` < {"id":"ID","stuff":"redacted"}`, ` < [{"id":"ID","stuff":"redacted"}]`,
		" > POST /1.0/stuff HTTP/1.1\n", " < HTTP/1.1 201 Created\n", " > Authorization: ** redacted **\n",
	} {
		if !strings.Contains(log, shown) {
			t.Errorf("%q is not in the log:\n%s", shown, log)
		}
	}
}
