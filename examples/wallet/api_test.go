package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

// An api is the service, called over a socket by a test.
type api struct {
	store  *store
	server *httptest.Server // which answers as the document says
}

// newAPI serves a database until the test ends.
func newAPI(t *testing.T, db string) *api {
	t.Helper()
	return newAPIBy(t, db, promised())
}

// newAPIBy holds the service to a contract, which the test can ask what it has seen.
func newAPIBy(t *testing.T, db string, c *contract.Contract) *api {
	t.Helper()
	a := &api{store: mustOpen(t, db)}
	a.server = c.Server(t, service(a.store, "swordfish", metrics.NewRegistry()))
	return a
}

// client returns a client of the service, which is the operator's.
func (a *api) client() *client.Client {
	operator := base64.StdEncoding.EncodeToString([]byte("operator:swordfish"))
	return client.New(a.server.URL, client.Options{
		Transport: a.server.Client().Transport, Header: http.Header{"Authorization": {"Basic " + operator}},
	})
}

// An answer is what a test compares.
type answer struct {
	status int
	body   string
}

// send sends a request with these headers, "Name: value".
func (a *api) send(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	rs, err := a.try(t, method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// try is send for any goroutine.
func (a *api) try(t *testing.T, method, path, body string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(t.Context(), method, a.server.URL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	if strings.HasPrefix(path, "/1.0/admin/") && r.Header.Get("Authorization") == "" {
		r.SetBasicAuth("operator", "swordfish")
	}
	rs, err := a.server.Client().Do(r)
	if err != nil {
		return answer{}, err
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	return answer{rs.StatusCode, string(text)}, err
}

// open opens accounts with this much in each.
func (a *api) open(t *testing.T, cents int64, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := client.Call(t.Context(), a.client(), walletapi.OpenAccount, &walletapi.Opening{Body: &walletapi.NewAccount{ID: id}}); err != nil {
			t.Fatal(err)
		}
		deposit := walletapi.DepositRequest{Keyed: walletapi.Keyed{Key: "open-" + id}, Body: walletapi.NewDeposit{To: id, Cents: cents}}
		if _, err := client.Call(t.Context(), a.client(), walletapi.Deposit, &deposit); err != nil {
			t.Fatal(err)
		}
	}
}

func order(from, to string, cents int64) string {
	return fmt.Sprintf(`{"from":%q,"to":%q,"cents":%d}`, from, to, cents)
}

// Times and IDs differ from run to run.
var (
	madeTime  = regexp.MustCompile(`"made":"20\d\d-[\d-]+T[\d:]+(\.\d+)?Z"`)
	requestID = regexp.MustCompile(`"request_id":"[0-9A-Za-z]{16}"`)
	keywords  = regexp.MustCompile(`"keyword":"[a-zA-Z]+",("limit":("(\\.|[^"\\])*"|[^,"]+),)?`)
)

func plain(text string) string {
	text = keywords.ReplaceAllString(text, "") // the library's tests have them
	return requestID.ReplaceAllString(madeTime.ReplaceAllString(text, `"made":"NOW"`), `"request_id":"ID"`)
}

func problem(status int, detail string) string {
	return fmt.Sprintf(`{"title":%q,"status":%d,"detail":%q}`, http.StatusText(status), status, detail) + "\n"
}

func invalid(place, detail string) string {
	return fieldError(422, "the request isn't valid", place, detail)
}

func unreadable(place, detail string) string {
	return fieldError(400, "the request can't be read", place, detail)
}

func fieldError(status int, what, place, detail string) string {
	member := fmt.Sprintf(`"pointer":%q`, place)
	if !strings.HasPrefix(place, "/") {
		in, name, _ := strings.Cut(place, " ")
		member = fmt.Sprintf(`"parameter":%q,"in":%q`, name, in)
	}
	return fmt.Sprintf(`{"title":%q,"status":%d,"detail":%q,"errors":[{%s,"detail":%q}]}`, http.StatusText(status), status, what, member, detail) + "\n"
}

const isID = "must match ^[A-Za-z0-9_-]{1,64}$"

func TestAPIAnswers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		a := newAPI(t, db)
		for _, tt := range []struct {
			request, body, key string
			want               answer
		}{
			{"POST /1.0/accounts", `{"id":"ann"}`, "", answer{201, `{"id":"ann","balance":0}` + "\n"}},
			{"POST /1.0/accounts", `{"id":"bob"}`, "", answer{201, `{"id":"bob","balance":0}` + "\n"}},
			{"POST /1.0/accounts", `{"id":"bob"}`, "", answer{409, problem(409, "there is an account with this ID already")}},
			{"POST /1.0/accounts", `{"id":"b b"}`, "", answer{422, invalid("/id", isID)}},
			{"POST /1.0/accounts", `{"id":""}`, "", answer{422, invalid("/id", isID)}},
			{"POST /1.0/accounts", `{"name":"b"}`, "", answer{422, invalid("/name", "is not known")}},
			{"GET /1.0/accounts/ann", "", "", answer{200, `{"id":"ann","balance":0}` + "\n"}},
			{"GET /1.0/accounts/eve", "", "", answer{404, problem(404, `there is no account "eve"`)}},
			{"GET /1.0/accounts/%00", "", "", answer{422, invalid("path id", isID)}},
			{"GET /1.0/accounts/%FF", "", "", answer{400, unreadable("path id", "isn't valid UTF-8")}},
			{"GET /1.0/accounts/ann/transfers", "", "", answer{200, "[]\n"}},

			{"POST /1.0/admin/deposits", `{"to":"ann","cents":1000}`, "d1", answer{201, `{"id":1,"balance":1000}` + "\n"}},
			{"POST /1.0/admin/deposits", `{"to":"ann","cents":1000}`, "d1", answer{201, `{"id":1,"balance":1000}` + "\n"}},
			{"POST /1.0/admin/deposits", `{"to":"ann","cents":1001}`, "d1", answer{409, problem(409, "another request had this Idempotency-Key")}},
			{"POST /1.0/admin/deposits", `{"to":"eve","cents":1}`, "d2", answer{404, problem(404, `there is no account "eve"`)}},
			{"POST /1.0/admin/deposits", `{"to":"ann","cents":1000000000001}`, "d3", answer{422, invalid("/cents", "must be at most 1000000000000")}},

			{"POST /1.0/transfers", order("ann", "bob", 250), "t1", answer{201, `{"id":2,"balance":750}` + "\n"}},
			{"POST /1.0/transfers", order("ann", "bob", 50), "t2", answer{201, `{"id":3,"balance":700}` + "\n"}},
			{"POST /1.0/transfers", order("ann", "bob", 250), "t1", answer{201, `{"id":2,"balance":750}` + "\n"}},
			{"POST /1.0/transfers", ` {"cents": 250, "to": "bob", "from": "ann"}`, "t1", answer{201, `{"id":2,"balance":750}` + "\n"}},
			{"POST /1.0/transfers", order("ann", "bob", 251), "t1", answer{409, problem(409, "another request had this Idempotency-Key")}},
			{"POST /1.0/transfers", order("bob", "ann", 250), "t1", answer{409, problem(409, "another request had this Idempotency-Key")}},
			{"POST /1.0/transfers", order("eve", "ann", 250), "t1", answer{409, problem(409, "another request had this Idempotency-Key")}},
			{"POST /1.0/transfers", order("bob", "ann", 301), "t3", answer{402, problem(402, "the account doesn't have enough money")}},
			{"POST /1.0/transfers", order("bob", "ann", 300), "t3", answer{201, `{"id":4,"balance":0}` + "\n"}},
			{"POST /1.0/transfers", order("ann", "bob", 1000), "d1", answer{409, problem(409, "another request had this Idempotency-Key")}},
			{"POST /1.0/transfers", order("eve", "ann", 1), "t4", answer{404, problem(404, `there is no account "eve"`)}},
			{"POST /1.0/transfers", order("ann", "eve", 1), "t4", answer{404, problem(404, `there is no account "eve"`)}},
			{"POST /1.0/transfers", order("ann", "ann", 1), "t4", answer{422, invalid("/to", "must be another account than that of from")}},
			{"POST /1.0/transfers", order("ann", "bob", 0), "t4", answer{422, invalid("/cents", "must be at least 1")}},
			{"POST /1.0/transfers", order("ann", "bob", -1), "t4", answer{422, invalid("/cents", "must be at least 1")}},
			{"POST /1.0/transfers", order("ann", "bob", mostCents+1), "t4", answer{422, invalid("/cents", "must be at most 9007199254740991")}},
			{"POST /1.0/transfers", `{"from":"ann","to":"bob","cents":1.5}`, "t4", answer{422, invalid("/cents", "must be an integer")}},
			{"POST /1.0/transfers", `{"from":"ann","to":"bob"}`, "t4", answer{422, invalid("/cents", "is required")}},
			{"POST /1.0/transfers", order("ann", "bob", 1), "", answer{422, invalid("header Idempotency-Key", "is required")}},
			{"POST /1.0/transfers", order("ann", "bob", 1), "t\xff", answer{400, unreadable("header Idempotency-Key", "isn't valid UTF-8")}},
			{"POST /1.0/transfers", order("ann", "bob", 1), "t é", answer{422, invalid("header Idempotency-Key", "must match ^[!-~]{1,64}$")}},
			{"POST /1.0/transfers", order("ann", "bob", 1), strings.Repeat("t", 65), answer{422, invalid("header Idempotency-Key", "must match ^[!-~]{1,64}$")}},

			{"GET /1.0/accounts/ann", "", "", answer{200, `{"id":"ann","balance":1000}` + "\n"}},
			{"GET /1.0/accounts/bob", "", "", answer{200, `{"id":"bob","balance":0}` + "\n"}},
			{"GET /1.0/transfers/4", "", "", answer{200, `{"id":4,"from":"bob","to":"ann","cents":300,"made":"NOW"}` + "\n"}},
			{"GET /1.0/transfers/5", "", "", answer{404, problem(404, "there is no such transfer")}},
			{"GET /1.0/transfers/0", "", "", answer{422, invalid("path id", "must be at least 1")}},
			{"GET /1.0/accounts/bob/transfers?limit=1", "", "", answer{200, `[{"id":2,"from":"ann","to":"bob","cents":250,"made":"NOW"}]` + "\n"}},
			{"GET /1.0/accounts/eve/transfers", "", "", answer{404, problem(404, `there is no account "eve"`)}},
			{"GET /1.0/accounts/ann/transfers?limit=1001", "", "", answer{422, invalid("query limit", "must be at most 1000")}},
			{"GET /1.0/admin/totals", "", "", answer{200, `{"accounts":2,"transfers":4,"balance":1000,"deposited":1000}` + "\n"}},
		} {
			var headers []string
			if tt.key != "" {
				headers = append(headers, "Idempotency-Key: "+tt.key)
			}
			got := a.send(t, tt.request, tt.body, headers...)
			if got.body = plain(got.body); got != tt.want {
				t.Errorf("%s %s with %q:\ngot  %v\nwant %v", tt.request, tt.body, tt.key, got, tt.want)
			}
		}
	})
}

func TestAccountsAreNamedIfTheClientDoesNot(t *testing.T) {
	t.Parallel()
	a := newAPI(t, filepath.Join(t.TempDir(), "w.db"))
	for _, body := range []*walletapi.NewAccount{nil, {}} {
		got, err := client.Call(t.Context(), a.client(), walletapi.OpenAccount, &walletapi.Opening{Body: body})
		if err != nil || len(got.Body.ID) != 16 || got.Location != "/1.0/accounts/"+got.Body.ID {
			t.Errorf("got %+v and %v for %v", got, err, body)
		}
	}
}

func TestOnlyOperatorsAreServedBelowAdmin(t *testing.T) {
	t.Parallel()
	a := newAPI(t, filepath.Join(t.TempDir(), "w.db"))
	for _, request := range []string{"GET /1.0/admin/totals", "POST /1.0/admin/deposits"} {
		for _, credentials := range []string{"Basic eA==", "Basic b3BlcmF0b3I6c3dvcmRmaXNI", "Bearer swordfish"} {
			if got := a.send(t, request, "", "Authorization: "+credentials); got.status != http.StatusUnauthorized {
				t.Errorf("%s with %s: got %v, want a 401", request, credentials, got)
			}
		}
	}
}

func TestTransfersAreListedInPagesAndStreams(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		a := newAPI(t, db)
		a.open(t, 1000, "ann", "bob", "cat")
		const n = portion + 20
		for i := range n {
			from, to := "ann", "bob"
			if i%2 == 1 {
				from, to = to, from
			}
			if _, err := a.store.move(t.Context(), fmt.Sprint("k", i), transfer{From: from, To: to, Cents: 1}); err != nil {
				t.Fatal(err)
			}
		}
		want := a.send(t, "GET /1.0/accounts/ann/transfers?limit=0", "", "Accept: application/jsonl").body
		if got := strings.Count(want, "\n"); got != n+1 {
			t.Errorf("got %d lines, want %d", got, n+1)
		}
		items := func(array string) string { // as lines
			return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(array, "["), "]\n"), "},{", "}\n{")
		}
		if got := items(a.send(t, "GET /1.0/accounts/ann/transfers?limit=0", "").body); got+"\n" != want {
			t.Errorf("the array has not what the lines have:\n%s\n%s", got, want)
		}
		if got := a.send(t, "GET /1.0/accounts/ann/transfers?limit=0", "", "Accept: text/event-stream").body; strings.Count(got, "data: ") != n+2 {
			t.Errorf("got %q, want %d events and the end", got, n+1)
		}
		var got string
		for _, limit := range []int{1, 7, 40, 100, 1000} {
			page := a.send(t, fmt.Sprintf("GET /1.0/accounts/ann/transfers?limit=%d&after=%d", limit, lastID(got)), "", "Accept: application/x-ndjson").body
			if n := strings.Count(page, "\n"); n != min(limit, strings.Count(want, "\n")-strings.Count(got, "\n")) {
				t.Errorf("got %d transfers on a page of %d", n, limit)
			}
			got += page
		}
		if got != want {
			t.Errorf("the pages together aren't the stream:\n%s\n%s", got, want)
		}
		if got := a.send(t, "GET /1.0/accounts/cat/transfers", "", "Accept: text/html"); got.status != http.StatusNotAcceptable {
			t.Errorf("got %v, want a 406", got)
		}
	})
}

// lastID returns the ID of the last of some lines.
func lastID(lines string) (id int64) {
	for line := range strings.Lines(lines) {
		_, _ = fmt.Sscanf(line, `{"id":%d,`, &id)
	}
	return id
}

func TestBalancesStayInTheirLimits(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		a := newAPI(t, db)
		a.open(t, 1000, "ann", "bob")
		if _, err := a.store.write.Exec("UPDATE accounts SET balance = 9007199254740000 WHERE id = 'bob'"); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			request, body string
			want          answer
		}{
			{"POST /1.0/transfers", order("ann", "bob", 992), answer{409, problem(409, "the account can't hold that much")}},
			{"POST /1.0/admin/deposits", `{"to":"bob","cents":992}`, answer{409, problem(409, "the account can't hold that much")}},
			{"POST /1.0/transfers", order("ann", "bob", 991), answer{201, `"balance":9}` + "\n"}},
			{"POST /1.0/transfers", order("bob", "ann", mostCents), answer{409, problem(409, "the account can't hold that much")}},
			{"GET /1.0/accounts/bob", "", answer{200, `{"id":"bob","balance":9007199254740991}` + "\n"}},
		} {
			got := a.send(t, tt.request, tt.body, "Idempotency-Key: "+tigertonic.RandomBase62String(8))
			if got.status != tt.want.status || !strings.HasSuffix(got.body, tt.want.body) {
				t.Errorf("%s %s: got %v, want %v", tt.request, tt.body, got, tt.want)
			}
		}
		for _, forbidden := range []string{
			"UPDATE accounts SET balance = -1 WHERE id = 'ann'",
			"UPDATE accounts SET balance = balance + 1 WHERE id = 'bob'",
			"INSERT INTO transfers (idempotency_key, destination, cents, balance, made) VALUES ('open-ann', 'ann', 1, 1, 1)",
			"INSERT INTO transfers (idempotency_key, destination, cents, balance, made) VALUES ('new', 'eve', 1, 1, 1)",
			"INSERT INTO transfers (idempotency_key, source, destination, cents, balance, made) VALUES ('new', 'ann', 'ann', 1, 1, 1)",
			"INSERT INTO transfers (idempotency_key, destination, cents, balance, made) VALUES ('new', 'ann', 0, 1, 1)",
		} {
			if _, err := a.store.write.Exec(forbidden); err == nil {
				t.Errorf("the database doesn't refuse %s", forbidden)
			}
		}
	})
}

// Many send the same key at once, some of them with another body.
func TestOneKeyAtOnceMovesMoneyOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		a := newAPI(t, db)
		a.open(t, 1000, "ann", "bob", "cat", "dan")
		for round := range 10 {
			bodies := []string{order("ann", "bob", 10), order("cat", "dan", 10), order("ann", "bob", 11)}
			answers := make([]answer, 18)
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() {
					var err error
					if answers[i], err = a.try(t, "POST", "/1.0/transfers", bodies[i%len(bodies)], fmt.Sprint("Idempotency-Key: once", round)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			created := map[answer]bool{}
			moved := 0
			for body := range bodies {
				first := answers[body]
				if first.status == http.StatusCreated {
					created[first] = true
					moved++
				} else if first.status != http.StatusConflict {
					t.Errorf("got %v", first)
				}
				for i := body; i < len(answers); i += len(bodies) {
					if answers[i] != first {
						t.Errorf("the same request was answered %v and %v", first, answers[i])
					}
				}
			}
			if moved != 1 {
				t.Errorf("%d of three requests were acted on: %v", moved, created)
			}
		}
		if got, err := a.store.selectTotals(t.Context()); err != nil || got.Transfers != 4+10 || got.Balance != 4000 {
			t.Errorf("got %+v, %v", got, err)
		}
		mustAddUp(t, a.store)
	})
}

// The document has no response, but for failures and those to what can't be, that
// there isn't.
func TestDocumentedResponsesAreThere(t *testing.T) {
	t.Parallel()
	own := newContract()
	a := newAPIBy(t, filepath.Join(t.TempDir(), "w.db"), own)
	a.open(t, 100, "ann", "bob", "cat")
	if _, err := a.store.write.Exec("UPDATE accounts SET balance = 9007199254740991 WHERE id = 'cat'"); err != nil {
		t.Fatal(err)
	}
	key := func() string { return "Idempotency-Key: " + tigertonic.RandomBase62String(8) }
	for _, post := range []struct {
		path, good string
		bad        []string
	}{
		{"/1.0/accounts", `{"id":"dan"}`, []string{`{"id":"ann"}`, `{"id":"a b"}`}},
		{"/1.0/transfers", order("ann", "bob", 1), []string{order("ann", "bob", 200), order("ann", "eve", 1), order("ann", "ann", 1), order("ann", "cat", 1)}},
		{"/1.0/admin/deposits", `{"to":"ann","cents":1}`, []string{`{"to":"eve","cents":1}`, `{"to":"ann","cents":0}`, `{"to":"cat","cents":1}`}},
	} {
		request := "POST " + post.path
		for _, body := range append(post.bad, post.good, "{", strings.Repeat(" ", 2<<20)+post.good) {
			a.send(t, request, body, key())
		}
		a.send(t, request, post.good, key(), "Accept: text/html")
		a.send(t, request, post.good, key(), "Content-Type: text/plain")
		a.send(t, request, post.good, key(), "Authorization: Basic eA==")
	}
	for _, path := range []string{
		"/1.0/accounts/ann", "/1.0/accounts/eve", "/1.0/accounts/a%20b", "/1.0/accounts/%FF", "/1.0/accounts/%FF/transfers", "/1.0/accounts/ann/transfers", "/1.0/accounts/eve/transfers",
		"/1.0/accounts/ann/transfers?after=x", "/1.0/accounts/ann/transfers?limit=-1", "/1.0/transfers/1", "/1.0/transfers/100",
		"/1.0/transfers/x", "/1.0/transfers/0", "/1.0/transfers/%FF", "/1.0/admin/totals", "/openapi.json", "/docs",
	} {
		a.send(t, "GET "+path, "")
		a.send(t, "GET "+path, "", "Accept: text/html")
		a.send(t, "GET "+path, "", "Authorization: Basic eA==")
	}
	a.send(t, "GET /1.0/accounts/ann/transfers", "", "Accept: text/event-stream", "Last-Event-ID: end")
	seen := own.Seen()
	for _, response := range documented(t) {
		if !slices.Contains(seen, response) {
			t.Errorf("the document has %s, which this test hasn't seen", response)
		}
	}
}

// documented returns the responses of the document under 500, "GET /accounts/{id} 200".
func documented(t *testing.T) (responses []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			for status := range op.Responses {
				if status < "500" {
					responses = append(responses, strings.ToUpper(method)+" "+path+" "+status)
				}
			}
		}
	}
	return responses
}
