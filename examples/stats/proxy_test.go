package main

import (
	"bufio"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
	"github.com/rcrowley/go-tigertonic/examples/internal/proxytest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
)

// TestTwoMachinesBehindNginx runs two processes behind the nginx of the README, and kills,
// restarts and stops them under load.
func TestTwoMachinesBehindNginx(t *testing.T) {
	proxytest.Require(t, "nginx")
	db := postgrestest.Fresh(t)
	data := t.TempDir() // of the first process, which creates the account
	processes := make([]*processtest.Process, 2)
	text, err := os.ReadFile("nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	conf := string(text)
	proxy := proxytest.FreeAddress(t)
	replace := func(old, by string) {
		if strings.Count(conf, old) != 1 {
			t.Fatalf("nginx.conf hasn't one %q", old)
		}
		conf = strings.Replace(conf, old, by, 1)
	}
	for i, machine := range []string{"10.0.0.1:8000", "10.0.0.2:8000"} {
		address := processtest.FreeAddress(t)
		replace(machine, address)
		processes[i] = processtest.Start(t, binary, "-data", data, "-db", db, "-domain", "example.com", "-ezkey", "k1", "-listen", address, "-admin", "")
	}
	replace("listen 80;", "listen "+proxy+";")
	proxytest.Nginx(t, proxy, conf)

	l := startLoad("k1", 8, "http://"+proxy)
	l.more(t, 200)
	for i := range times(2, 10) {
		switch p := processes[i%2]; i % 3 {
		case 0:
			p.Kill(t)
			processes[i%2] = p.Again(t)
		case 1:
			p.Restart(t)
		default:
			p.Stop(t)
			processes[i%2] = p.Again(t)
		}
		l.more(t, 100)
	}
	checkHostsBehind(t, proxy, data)
	acked := l.end()
	for _, p := range processes {
		p.Stop(t)
	}
	checkSums(t, db, "you@localhost", acked)
	t.Logf("%d were acknowledged, after %d attempts that weren't", acked, l.failed.Load())
}

// checkHostsBehind asks both hosts through the proxy, and for the stream of changes.
func checkHostsBehind(t *testing.T, proxy, data string) {
	t.Helper()
	secrets := accountFile(t, data)
	client := &http.Client{Timeout: patient, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	ask := func(host, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+proxy+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Accept", "*/*")
		rs, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rs.Body.Close() })
		return rs
	}
	for _, tt := range []struct {
		host, path string
		status     int
	}{
		{"api.example.com", "/ez?ezkey=none&stat=x&count=1", 403},
		{"api.example.com", "/login", 404},
		{"www.example.com", "/ez?ezkey=none&stat=x&count=1", 404},
		{"www.example.com", "/login", 200},
		{"www.example.com", "/x/" + secrets["token"] + "/statlist", 200},
	} {
		if rs := ask(tt.host, tt.path); rs.StatusCode != tt.status {
			t.Errorf("%s%s: got %s, want %d", tt.host, tt.path, rs.Status, tt.status)
		}
	}
	rs := ask("www.example.com", "/x/"+secrets["token"]+"/statlist")
	var line string
	if text, err := bufio.NewReader(rs.Body).ReadString('\n'); err == nil {
		line = text
	}
	public := decode[[]export.Stat](t, line)[0]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+proxy+"/live?stat="+public.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "www.example.com"
	r.SetBasicAuth("you@localhost", secrets["password"])
	r.Header.Set("Accept", "text/event-stream")
	stream, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	for changes := 0; changes < 2; { // the load changes it each second
		if !lines.Scan() {
			t.Fatalf("the stream of %s ended after %d changes: %v", stream.Status, changes, lines.Err())
		}
		if strings.HasPrefix(lines.Text(), "data: ") {
			changes++
		}
	}
}
