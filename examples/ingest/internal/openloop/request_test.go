package openloop

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRequestsHaveTheirNumbersAndTheRun(t *testing.T) {
	r := Request{
		Method: "PUT", URL: "http://example.com:81/{run}/{seq}?n={seq}", Header: []string{"Idempotency-Key: {run}-{seq}"},
		Body: `{"a":[{seq}],"data": {"n":"{seq}"} ,"run":"{run}"}`, Member: "data",
	}
	tmpl, err := r.compile("r7")
	if err != nil {
		t.Fatal(err)
	}
	for seq, digits := range map[int64]string{0: "0", 9: "9", 10: "10", 123_456_789: "123456789"} {
		text, member := tmpl.render(nil, seq)
		got, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		body, err := io.ReadAll(got.Body)
		if want := `{"a":[` + digits + `],"data": {"n":"` + digits + `"} ,"run":"r7"}`; err != nil || string(body) != want || got.ContentLength != int64(len(want)) {
			t.Errorf("got body %q of %d bytes, %v, want %q", body, got.ContentLength, err, want)
		}
		if want := `{"n":"` + digits + `"}`; string(member) != want {
			t.Errorf("got member %q, want %q", member, want)
		}
		if got.Method != "PUT" || got.Host != "example.com:81" || got.RequestURI != "/r7/"+digits+"?n="+digits || got.Header.Get("Idempotency-Key") != "r7-"+digits {
			t.Errorf("got %q", text)
		}
	}
	if tmpl.address != "example.com:81" || tmpl.tls {
		t.Errorf("it connects to %q, TLS %v", tmpl.address, tmpl.tls)
	}
}

func TestBodyWithoutTheMemberIsIdentifiedAsAWhole(t *testing.T) {
	for _, body := range []string{"", "no JSON {seq}", `[{"data":1}]`, `{"other":{"data":1}}`, `{"data":1`, `{"data"`} {
		tmpl, err := Request{URL: "https://example.com", Body: body, Member: "data"}.compile("")
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(body, seqMark, "5")
		if _, member := tmpl.render(nil, 5); string(member) != want {
			t.Errorf("got member %q, want %q", member, want)
		}
		if tmpl.address != "example.com:https" || !tmpl.tls {
			t.Errorf("it connects to %q, TLS %v", tmpl.address, tmpl.tls)
		}
	}
}

func TestRequestsThatCannotBeSentAreRefused(t *testing.T) {
	for _, r := range []Request{
		{},
		{URL: "example.com"},
		{URL: "ftp://example.com"},
		{URL: "http:///x"},
		{URL: "http://user@example.com/"},
		{URL: "http://example.com/a b"},
		{URL: "http://example.com/a\r\nX: y"},
		{URL: "http://example.com/#x"},
		{URL: "http://[::1"},
		{URL: "http://example.com", Method: "GET /"},
		{URL: "http://example.com", Method: "get"},
		{URL: "http://example.com", Header: []string{"no colon"}},
		{URL: "http://example.com", Header: []string{"A: b\r\nC: d"}},
		{URL: "http://example.com", Header: []string{"content-length: 5"}},
		{URL: "http://example.com", Header: []string{"A b: c"}},
	} {
		if _, err := r.compile(""); err == nil {
			t.Errorf("%+v is taken", r)
		} else {
			t.Log(err)
		}
	}
}

func TestRenderingAllocatesNothing(t *testing.T) {
	tmpl, err := Request{URL: "http://example.com/{seq}", Body: `{"data":[{seq}]}`, Member: "data"}.compile("")
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { tmpl.render(b, 1234567) }); n > 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}
