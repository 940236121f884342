package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	stathat "github.com/stathat/go"
)

// What clients send, and what they are told.
func TestIngestAnswers(t *testing.T) {
	t.Parallel()
	r := start(t, "-ezkey", "k1")
	now := time.Now().Unix()
	long := strings.Repeat("é", 255)
	for _, tt := range []struct {
		request, body, kind string
		status              int
		want                string
	}{
		{"POST /ez", "ezkey=k1&stat=a&count=1", isForm, 204, ""},
		{"POST /ez", "email=k1&stat=a&count=1e%2B06", isForm, 204, ""},
		{"POST /ez", "email=k1&stat=a&count=2", "", 204, ""},
		{"GET /ez?ezkey=k1&stat=a&count=-3", "", "", 204, ""},
		{"POST /ez?ezkey=k1&stat=b&value=0.5", "", "", 204, ""},
		{"POST /ez?ezkey=k1&stat=b&value=1.5", "", "Content-Type: application/octet-stream", 204, ""},
		{"POST /ez?ezkey=k1", "stat=a&count=1&vb=1", isForm, 200, `{"status":200,"msg":"ok"}`},
		{"POST /ez", "ezkey=k1&stat=mail~total,eu&count=1", isForm, 204, ""},
		{"POST /ez", `{"ezkey":"k1","data":[{"stat":"mail~total,eu","count":2},{"stat":"load","value":0.7,"t":1700000000}]}`, isJSON, 200, `{"status":200,"msg":"ok"}`},
		{"POST /ez", `{"ezkey":"k1","stat":"a","count":1}`, isJSON + "; charset=utf-8", 200, `{"status":200,"msg":"ok"}`},
		{"POST /ez?ezkey=k1", `{"data":[{"stat":"a","count":1}]}`, isJSON, 200, `{"status":200,"msg":"ok"}`},
		{"POST /ez", `{"ezkey":"k1","data":[]}`, isJSON, 200, `{"status":200,"msg":"ok"}`},
		{"POST /ez", "ezkey=k1&count=1&stat=" + long, isForm, 204, ""},
		{"POST /ez", "ezkey=k1&count=1&stat=c&t=" + fmt.Sprint(now+590), isForm, 204, ""},

		{"POST /ez", "ezkey=k1&count=1&stat=" + long + "x", isForm, 400, `{"status":400,"msg":"name too long"}`},
		{"POST /ez", "ezkey=k1&count=1&stat=a%00", isForm, 400, `{"status":400,"msg":"the name isn't valid"}`},
		{"POST /ez", "ezkey=k1&count=1&stat=a%FF", isForm, 400, `{"status":400,"msg":"the name isn't valid"}`},
		{"POST /ez", "ezkey=k1&count=1&stat=a~b~c", isForm, 400, `{"status":400,"msg":"the name isn't valid"}`},
		{"POST /ez", "ezkey=k1&count=1&stat=a~,", isForm, 400, `{"status":400,"msg":"the name of the stat is missing"}`},
		{"POST /ez", "ezkey=k1&count=1", isForm, 400, `{"status":400,"msg":"the name of the stat is missing"}`},
		{"POST /ez", "ezkey=k1&stat=a", isForm, 400, `{"status":400,"msg":"neither a count nor a value is given"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&value=1", isForm, 400, `{"status":400,"msg":"both a count and a value are given"}`},
		{"POST /ez", "ezkey=k1&stat=a&value=1", isForm, 400, `{"status":400,"msg":"the stat is of the other kind"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=NaN", isForm, 400, `{"status":400,"msg":"the number isn't valid, or is too large"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=-Inf", isForm, 400, `{"status":400,"msg":"the number isn't valid, or is too large"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1e999", isForm, 400, `{"status":400,"msg":"the number isn't valid, or is too large"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=0x10", isForm, 400, `{"status":400,"msg":"the number isn't valid, or is too large"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&t=1700000000.5", isForm, 400, `{"status":400,"msg":"t isn't a whole number of seconds since 1970"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&t=-1", isForm, 400, `{"status":400,"msg":"t isn't a whole number of seconds since 1970"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&t=1000", isForm, 400, `{"status":400,"msg":"t is more than ten years ago, or more than ten minutes ahead"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&t=" + fmt.Sprint(now+700), isForm, 400, `{"status":400,"msg":"t is more than ten years ago, or more than ten minutes ahead"}`},
		{"POST /ez", "ezkey=k1&stat=a&count=1&t=" + fmt.Sprint(now*1000), isForm, 400, `{"status":400,"msg":"t is more than ten years ago, or more than ten minutes ahead"}`},
		{"POST /ez", "ezkey=k2&stat=a&count=1", isForm, 403, `{"status":403,"msg":"the ezkey isn't known"}`},
		{"POST /ez", "stat=a&count=1", isForm, 403, `{"status":403,"msg":"there is no ezkey"}`},
		{"POST /ez?ezkey=k1", "stat=%zz", isForm, 400, `{"status":400,"msg":"the form can't be read"}`},
		{"GET /ez?ezkey=k1&stat=%zz", "", "", 400, `{"status":400,"msg":"the query can't be read"}`},
		{"POST /ez?ezkey=k1", "<a/>", "Content-Type: text/xml", 415, `{"status":415,"msg":"a body is a form, or JSON as application/json"}`},
		{
			"POST /ez", `{"ezkey":"k1","data":[{"stat":"new","count":1},{"stat":"` + long + `x","count":1},{"stat":"a","count":1e101},{"stat":"a","count":1,"t":1.5}]}`, isJSON, 400,
			`{"status":400,"msg":"nothing stored","errors":[{"i":1,"msg":"name too long"},{"i":2,"msg":"the number isn't valid, or is too large"},{"i":3,"msg":"t isn't a whole number of seconds since 1970"}]}`,
		},
		{
			"POST /ez", `{"ezkey":"k1","data":[{"stat":"new","count":1},{"stat":"b","count":1},{"stat":"a","value":1}]}`, isJSON, 400,
			`{"status":400,"msg":"nothing stored","errors":[{"i":1,"msg":"the stat is of the other kind"},{"i":2,"msg":"the stat is of the other kind"}]}`,
		},
		{"POST /ez", `{"ezkey":"k1","data":[{"stat":"a","count":"1"}]}`, isJSON, 400, `{"status":400,"msg":"the body isn't JSON of the form {\"ezkey\":…,\"data\":[…]}"}`},
		{"POST /ez", "{", isJSON, 400, `{"status":400,"msg":"the body isn't JSON of the form {\"ezkey\":…,\"data\":[…]}"}`},
		{"POST /c", "ukey=u&key=k&count=1", isForm, 403, `{"status":403,"msg":"there is no stat with this key and ukey"}`},
		{"HEAD /ez?ezkey=k1&stat=a&count=1", "", "", 405, ""},
	} {
		headers := []string{}
		if tt.kind != "" {
			headers = append(headers, tt.kind)
		}
		got := r.do(t, "API.StatHat.com:80", tt.request, tt.body, headers...)
		if got.status != tt.status || got.body != tt.want {
			t.Errorf("%s %.80s: got %v, want %d %s", tt.request, tt.body, got, tt.status, tt.want)
		}
	}
	for name, want := range map[string]float64{"a": 1e6 + 3, "b": 2, "mail total": 3, "mail eu": 3, "load": 0.7, long: 1, "c": 1} {
		if got := r.total(t, name).Sum; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	account, _ := r.store.AccountByEmail(t.Context(), "you@localhost")
	if _, err := r.store.StatByName(t.Context(), account.ID, "new"); err == nil {
		t.Error("of a batch that was refused, something is stored")
	}
}

func TestClassicCallsCount(t *testing.T) {
	t.Parallel()
	r := start(t, "-ack", "200")
	if got := r.do(t, "api.localhost", "POST /ez", "stat=hits&count=1&ezkey="+r.account.ezkey, isForm); got.status != 200 || got.body != `{"status":200,"msg":"ok"}` {
		t.Errorf("got %v", got)
	}
	account, _ := r.store.AccountByEmail(t.Context(), "you@localhost")
	stat, _ := r.store.StatByName(t.Context(), account.ID, "hits")
	keys := "ukey=" + account.UserKey + "&key=" + stat.ClassicKey
	for request, want := range map[string]int{
		"GET /c?count=5&" + keys: 200, "GET /v?value=5&" + keys: 400, "GET /c?count=5&ukey=x&key=" + stat.ClassicKey: 403, "GET /c?" + keys: 400,
	} {
		got := r.do(t, "api.localhost", request, "", "Origin: https://shop.example")
		if got.status != want || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got %v with %v", request, got, got.header)
		}
	}
	if got := r.do(t, "api.localhost", "GET /ez?stat=hits&count=1&ezkey="+r.account.ezkey, "", "Origin: https://shop.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page of another origin may send the ezkey")
	}
	if got := r.total(t, "hits").Sum; got != 7 {
		t.Errorf("got %v", got)
	}
}

func TestRepeatedBatchCountsOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		r := start(t, "-db", db, "-ezkey", "k1")
		send := func(body, key string) int {
			return r.do(t, "api.localhost", "POST /ez", body, isJSON, "Idempotency-Key: "+key).status
		}
		const one, two = `{"ezkey":"k1","data":[{"stat":"a","count":1}]}`, `{"ezkey":"k1","data":[{"stat":"a","count":2}]}`
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if got := send(one, "x"); got != 200 {
					t.Errorf("got %d", got)
				}
			})
		}
		wg.Wait()
		if got := send(two, "x"); got != 409 {
			t.Errorf("got %d for another request with the key", got)
		}
		if got := send(two, "y"); got != 200 || r.total(t, "a").Sum != 3 {
			t.Errorf("got %d, and %v", got, r.total(t, "a"))
		}
	})
}

func TestHostsAreToldApart(t *testing.T) {
	t.Parallel()
	r := start(t, "-api", "count.example,10.0.0.1", "-www", "show.example")
	for host, want := range map[string][2]int{
		"api.localhost": {403, 404}, "api.stathat.com:443": {403, 404}, "count.example": {403, 404}, "10.0.0.1:80": {403, 404},
		"www.localhost": {404, 403}, "WWW.stathat.com.": {404, 403}, "show.example": {404, 403}, "other.example": {404, 404}, "apis.example": {404, 404},
	} {
		if got := r.do(t, host, "GET /ez", ""); got.status != want[0] {
			t.Errorf("%s /ez: got %d, want %d", host, got.status, want[0])
		}
		if got := r.do(t, host, "GET /x/none/statlist", ""); got.status != want[1] {
			t.Errorf("%s /x/: got %d, want %d", host, got.status, want[1])
		}
	}
}

// To redirects the requests of a client whose host can't be changed.
type to struct{ server *url.URL }

func (t to) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.URL.Scheme, r.URL.Host = t.server.Scheme, t.server.Host
	return http.DefaultTransport.RoundTrip(r)
}

func TestOfficialGoClientWorksUnchanged(t *testing.T) {
	t.Parallel()
	r := start(t)
	base, _ := url.Parse(r.URL)
	reporter := stathat.NewReporter(100, 4, to{base})
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	const n = 40
	for range n {
		_ = reporter.PostEZCountOne("client~a,b", r.account.ezkey)
		_ = reporter.PostEZCount("big", r.account.ezkey, 1_000_000)
	}
	_ = reporter.PostEZValue("temperature", r.account.ezkey, -3.25)
	_ = reporter.PostEZCountTime("late", r.account.ezkey, 3, time.Now().Unix()-86400)
	_ = reporter.PostEZValueTime("late value", r.account.ezkey, 3.5, time.Now().Unix()-86400)
	until(t, "the stats are made", func() bool {
		return r.process.committer.Samples.Load() == 3*n+3
	})
	account, _ := r.store.AccountByEmail(t.Context(), "you@localhost")
	big, _ := r.store.StatByName(t.Context(), account.ID, "big")
	_ = reporter.PostCountOne(big.ClassicKey, account.UserKey)
	if !reporter.WaitUntilFinished(patient) {
		t.Error("the client hasn't sent everything")
	}
	for name, want := range map[string]float64{"client a": n, "client b": n, "big": n*1e6 + 1, "temperature": -3.25, "late": 3, "late value": 3.5} {
		if got := r.total(t, name).Sum; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it isn't so that %s", patient, what)
		}
	}
}

// npm ci in testdata installs the client.
func TestNodeClientWorksUnchanged(t *testing.T) {
	t.Parallel()
	module := filepath.Join("testdata", "node_modules", "node-stathat")
	if _, err := os.Stat(module); err != nil {
		if os.Getenv("TIGERTONIC_REQUIRE_NODE") != "" {
			t.Fatal("node-stathat isn't installed (npm ci in examples/stats/testdata), and TIGERTONIC_REQUIRE_NODE is set")
		}
		t.Skip("node-stathat isn't installed: run npm ci in examples/stats/testdata")
	}
	r := start(t)
	cmd := exec.CommandContext(t.Context(), "node", "client.js", r.account.ezkey)
	cmd.Dir = "testdata"
	cmd.Env = append(os.Environ(), "HTTP_PROXY="+r.URL, "http_proxy="+r.URL, "NO_PROXY=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	until(t, "the numbers are there: "+string(out), func() bool { return r.process.committer.Samples.Load() == 2 })
	if got := r.total(t, "node hits").Sum; got != 12 {
		t.Errorf("got %v", got)
	}
	if got := r.total(t, "node temperature").Sum; got != 21.5 {
		t.Errorf("got %v", got)
	}
}

// Requests of other clients, byte for byte as their sources and manuals have them.
func TestRequestsOfOtherClients(t *testing.T) {
	t.Parallel()
	r := start(t, "-ezkey", "k1", "-ack", "200")
	body := func(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }
	for name, text := range map[string]string{
		"a proxied form":      "POST http://api.stathat.com/ez HTTP/1.1\r\nHost: api.stathat.com\r\nContent-Type: application/x-www-form-urlencoded\r\n" + body("ezkey=k1&stat=raw&count=1"),
		"a proxied GET":       "GET http://api.stathat.com:80/ez?ezkey=k1&stat=raw&count=1 HTTP/1.1\r\nHost: proxy.example:3128\r\n\r\n",
		"the query of a POST": "POST /ez?email=k1&stat=raw&count=1 HTTP/1.1\r\nHost: api.stathat.com\r\nContent-Length: 0\r\n\r\n",
		"npm stathat":         "POST /ez HTTP/1.1\r\nHost: api.stathat.com\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n" + body("stat=raw&email=k1&count=1"),
		"the batch of go-stathat": "POST /ez HTTP/1.1\r\nHost: api.stathat.com\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"2f\r\n" + `{"ezkey":"k1","data":[{"stat":"raw","count":1}]` + "\r\n1\r\n}\r\n0\r\n\r\n",
		"HTTP/1.0 without a type": "POST /ez HTTP/1.0\r\nHost: api.stathat.com\r\n" + body("ezkey=k1&stat=raw&count=1"),
	} {
		conn, err := net.Dial("tcp", r.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		rs, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if rs.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s", name, rs.Status)
		}
		_ = rs.Body.Close()
		_ = conn.Close()
	}
	if got := r.total(t, "raw").Sum; got != 6 {
		t.Errorf("got %v", got)
	}
}
