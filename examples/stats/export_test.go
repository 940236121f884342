package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
)

// x asks for something below the token of the account.
func (r *running) x(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	return r.do(t, "www.localhost", method+" /x/"+r.account.token+path, body, headers...)
}

func TestExport(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		r := start(t, "-db", db, "-ezkey", "k1")
		for i := range 7 {
			r.count(t, fmt.Sprintf("stat+%d", i), float64(i+1))
		}
		all := decode[[]export.Stat](t, r.x(t, "GET /statlist", "").body)
		if len(all) != 7 || all[2].Name != "stat 2" || !all[2].Counter || all[2].Public || all[2].Received == 0 {
			t.Fatalf("got %+v", all)
		}
		if rest := decode[[]export.Stat](t, r.x(t, "GET /statlist?offset=5", "").body); len(rest) != 2 || rest[0] != all[5] {
			t.Errorf("got %+v", rest)
		}
		if got := r.x(t, "GET /statlist?offset=7", ""); got.body != "[]\n" {
			t.Errorf("got %v", got)
		}
		for _, name := range []string{"stat%202", "stat+2", "stat%25202"} {
			if one := decode[export.Stat](t, r.x(t, "GET /stat?name="+name, "").body); one != all[2] {
				t.Errorf("%s: got %+v", name, one)
			}
		}
		ids := ""
		for _, s := range all {
			ids += "/" + s.ID
		}
		five := decode[[]export.Series](t, r.x(t, "GET /data"+ids+"?t=2h1h", "").body)
		if len(five) != 5 || five[4].Name != "stat 4" || five[4].Timeframe != "2 hours @ 1 hour" || len(five[4].Points) != 2 {
			t.Errorf("got %+v", five)
		}
		for query, want := range map[string]string{
			"t=1h1m": "1 hour @ 1 minute", "t=1d15m1w": "1 day @ 15 minutes, 1 week ago", "summary=7d": "1 week @ 1 day", "": "1 week @ 3 hours",
			"t=10m5m&start=" + fmt.Sprint(time.Now().Unix()-300): "10 minutes @ 5 minutes",
		} {
			one := decode[[]export.Series](t, r.x(t, "GET /data/"+all[6].ID+"/?"+query, "").body)[0]
			sum := 0.0
			for _, p := range one.Points {
				sum += p.Value
			}
			if wantSum := map[bool]float64{true: 0, false: 7}[query == "t=1d15m1w"]; one.Timeframe != want || sum != wantSum {
				t.Errorf("%s: got %s with %v, want %s", query, one.Timeframe, sum, want)
			}
		}
		if got := r.x(t, "GET /csv/"+all[0].ID+"?summary=2d", ""); !strings.HasPrefix(got.body, "time,value\n20") || strings.Count(got.body, "\n") != 3 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
			t.Errorf("got %v", got)
		}
		if got := r.x(t, "DELETE /stats/"+all[0].ID, ""); got.status != 200 || got.body != `{"msg":"stat deleted."}`+"\n" {
			t.Errorf("got %v", got)
		}
		for request, want := range map[string]int{
			"GET /stat?name=stat+0": 404, "DELETE /stats/" + all[0].ID: 404, "GET /data/" + all[0].ID: 404, "GET /stat": 422, "GET /statlist?offset=-1": 422,
			"GET /data/" + all[1].ID + "?t=0h1m": 400, "GET /data/" + all[1].ID + "?t=1y1m": 400, "GET /data/" + all[1].ID + "?t=99999999999999999999y1m": 400,
			"GET /data/" + all[1].ID + "?start=-1": 400, "GET /data/" + all[1].ID + "?summary=x": 400, "GET /csv/none": 404, "GET /data/": 404,
		} {
			got := r.x(t, request, "")
			if got.status != want || want != 422 && request != "GET /data/" && !strings.Contains(got.body, `"msg":"`) {
				t.Errorf("%s: got %v, want %d", request, got, want)
			}
		}
		r.count(t, "stat+0", 1) // which is another one now
		if one := decode[export.Stat](t, r.x(t, "GET /stat?name=stat+0", "").body); one.ID == all[0].ID {
			t.Error("it is the one that was deleted")
		}
	})
}

func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.count(t, "mine", 1)
	other, err := r.store.MakeAccount(t.Context(), 1, "eve@localhost", "", "evil")
	if err != nil {
		t.Fatal(err)
	}
	token, err := r.store.MakeToken(t.Context(), 1, other.ID, "t")
	if err != nil {
		t.Fatal(err)
	}
	mine := decode[[]export.Stat](t, r.x(t, "GET /statlist", "").body)[0].ID
	for _, request := range []string{"GET /data/" + mine, "DELETE /stats/" + mine, "GET /csv/" + mine, "GET /stat?name=mine"} {
		method, path, _ := strings.Cut(request, " ")
		if got := r.do(t, "www.localhost", method+" /x/"+token+path, ""); got.status != 404 {
			t.Errorf("%s: got %v", request, got)
		}
		if got := r.do(t, "www.localhost", method+" /x/none"+path, ""); got.status != 403 {
			t.Errorf("%s: got %v", request, got)
		}
	}
	if got := r.do(t, "www.localhost", "POST /x/"+token+"/alerts", "kind=data&time_window=1h&stat_id="+mine, isForm); got.status != 404 {
		t.Errorf("got %v", got)
	}
}

func TestAlertsOfTheAPI(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.count(t, "x", 1)
	id := decode[[]export.Stat](t, r.x(t, "GET /statlist", "").body)[0].ID
	for _, tt := range []struct {
		form   string
		status int
		want   string
	}{
		{"kind=value&operator=gt&threshold=10&time_window=5m", 200, `"kind":"value","time_window":"5m","operator":"greater than","threshold":10,"firing":false}`},
		{"kind=value&operator=less+than&threshold=-1.5&time_window=1M&percentage=7", 200, `"time_window":"1M","operator":"less than","threshold":-1.5,"firing":false}`},
		{"kind=delta&operator=dt&percentage=50&time_window=1h&time_delta=1w", 200, `"kind":"delta","time_window":"1h","operator":"different than","percentage":50,"time_delta":"1w","firing":false}`},
		{"kind=data&time_window=3h&operator=gt", 200, `"kind":"data","time_window":"3h","firing":false}`},
		{"kind=value&operator=dt&threshold=10&time_window=5m", 400, "operator must be greater than or less than"},
		{"kind=value&operator=gt&threshold=ten&time_window=5m", 400, "the number isn't valid"},
		{"kind=value&operator=gt&threshold=10&time_window=2h", 400, "time_window must be one of"},
		{"kind=delta&operator=gt&percentage=-5&time_window=1h&time_delta=1w", 400, "percentage can't be negative"},
		{"kind=delta&operator=gt&percentage=5&time_window=1h", 400, "time_delta must be one of"},
		{"kind=other&time_window=1h", 400, "kind must be value, delta or data"},
		{"kind=data&time_window=3h&hook=http://127.0.0.1/x", 400, "the host of the hook has a private address"},
		{"kind=data&time_window=3h&hook=file:///etc/passwd", 400, "the hook must be a URL"},
	} {
		got := r.x(t, "POST /alerts", "stat_id="+id+"&"+tt.form, isForm)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) || tt.status != 200 && !strings.Contains(got.body, `"msg":"`) {
			t.Errorf("%s: got %v, want %d %s", tt.form, got, tt.status, tt.want)
		}
	}
	all := decode[[]export.Alert](t, r.x(t, "GET /alerts", "").body)
	if len(all) != 4 || all[0].StatName != "x" || all[0].StatID != id {
		t.Fatalf("got %+v", all)
	}
	if one := decode[export.Alert](t, r.x(t, "GET /alerts/"+all[3].ID, "").body); one != all[3] {
		t.Errorf("got %+v", one)
	}
	if got := r.x(t, "DELETE /alerts/"+all[0].ID, ""); got.status != 200 || got.body != `{"msg":"alert deleted."}`+"\n" {
		t.Errorf("got %v", got)
	}
	if got := r.x(t, "GET /alerts/"+all[0].ID, ""); got.status != http.StatusNotFound {
		t.Errorf("got %v", got)
	}
}

func TestAccountsHaveARate(t *testing.T) {
	t.Parallel()
	r := start(t, "-rate", "1", "-ezkey", "k1")
	batch := `{"ezkey":"k1","data":[` + strings.Repeat(`{"stat":"a","count":1},`, 9999) + `{"stat":"a","count":1}]}`
	if got := r.do(t, "api.localhost", "POST /ez", batch, isJSON); got.status != 200 {
		t.Fatalf("got %v", got)
	}
	if got := r.do(t, "api.localhost", "POST /ez", batch, isJSON); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("got %v", got)
	}
	if got := r.total(t, "a").Sum; got != 10_000 {
		t.Errorf("got %v", got)
	}
}
