package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPayloadIsALineOfItsSegment(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	envelope := len(`{"version":"1","token":"s3cret","data":}`)
	type kept struct {
		receipt
		line string
	}
	var all []kept
	for data, want := range map[string]string{
		`[{"a":1},{"a":2}]`:                                          `[{"a":1},{"a":2}]`,
		`[ {"a" :	1} , { } ]`:                                        `[ {"a" :	1} , { } ]`,
		`[{"a":1.0,"b":12345678901234567890,"c":1E-2}]`:              `[{"a":1.0,"b":12345678901234567890,"c":1E-2}]`,
		`[{"a":"\u00e9\/\n é 😀 \"[{,","]}":[],"z":1,"y":2}]`:         `[{"a":"\u00e9\/\n é 😀 \"[{,","]}":[],"z":1,"y":2}]`,
		"[\r\n  {\"a\":1},\n  {\"a\":\n2}\n]":                        `[  {"a":1},  {"a":2}]`,
		`[{"a":"` + strings.Repeat("x", 100_000) + `"}]`:             `[{"a":"` + strings.Repeat("x", 100_000) + `"}]`,
		`[{"a":"` + strings.Repeat("x", maxBody-envelope-10) + `"}]`: `[{"a":"` + strings.Repeat("x", maxBody-envelope-10) + `"}]`,
	} {
		all = append(all, kept{r.accepted(t, data), `{"version":"1","tenant":"default","data":` + want + "}\n"})
	}
	found, length := r.objects(t), 0
	for _, k := range all {
		text := found[k.Segment]
		if end := int(k.Offset) + len(k.line); end > len(text) || text[k.Offset:end] != k.line {
			t.Errorf("%.200q isn't at %d of %s", k.line, k.Offset, k.Segment)
		}
		length += len(k.line)
	}
	if got := len(strings.Join(slices.Collect(maps.Values(found)), "")); got != length {
		t.Errorf("there are %d bytes in the store, not %d", got, length)
	}
}

func TestPayloadsAreAcknowledgedWithHowMuchIsInThem(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	first := r.post(t, `{"data":[{"a":[1,2,{"b":[]}]},{},{"c":"],[,"}],"token":"`+secret+`","version":"é\""}`)
	if want := `{"accepted":3,"segment":"` + decode[receipt](t, first.body).Segment + `","offset":0}` + "\n"; first.status != 202 || first.body != want {
		t.Errorf("got %+v, want %s", first, want)
	}
	if got, want := r.accepted(t, `[{}]`), int64(len(`{"version":"é\"","tenant":"default","data":[{"a":[1,2,{"b":[]}]},{},{"c":"],[,"}]}`)+1); got.Offset != want || got.Accepted != 1 {
		t.Errorf("got %+v, want the offset %d", got, want)
	}
}

func TestPayloadsAreChecked(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	payload := func(members string) string { return `{"version":"1","token":"` + secret + `",` + members + `}` }
	for name, tt := range map[string]struct {
		text   string
		status int
		says   string
	}{
		"no data":           {`{"version":"1","token":"s3cret"}`, 422, `{"pointer":"/data","keyword":"required","detail":"is required"}`},
		"no token":          {`{"version":"1","data":[{}]}`, 422, `{"pointer":"/token","keyword":"required","detail":"is required"}`},
		"no version":        {`{"token":"s3cret","data":[{}]}`, 422, `{"pointer":"/version","keyword":"required","detail":"is required"}`},
		"an empty version":  {`{"version":"","token":"s3cret","data":[{}]}`, 422, `"pointer":"/version"`},
		"a long version":    {`{"version":"` + strings.Repeat("1", 65) + `","token":"s3cret","data":[{}]}`, 422, `"pointer":"/version"`},
		"a number":          {payload(`"data":7`), 422, `{"pointer":"/data","keyword":"type","limit":"array","detail":"must be an array"}`},
		"null":              {payload(`"data":null`), 422, `{"pointer":"/data","keyword":"type","limit":"array","detail":"must be an array"}`},
		"an object":         {payload(`"data":{}`), 422, `{"pointer":"/data","keyword":"type","limit":"array","detail":"must be an array"}`},
		"nothing in it":     {payload(`"data":[]`), 422, `{"pointer":"/data","keyword":"minItems","limit":1,"detail":"must have at least 1 item"}`},
		"not objects":       {payload(`"data":[{},1,[]]`), 422, `{"pointer":"/data/1","keyword":"type","limit":"object","detail":"must be an object"},{"pointer":"/data/2","keyword":"type","limit":"object","detail":"must be an object"}`},
		"another member":    {payload(`"data":[{}],"Data":[{}]`), 422, `{"pointer":"/Data","keyword":"additionalProperties","limit":false,"detail":"is not known"}`},
		"data twice":        {payload(`"data":[{}],"data":[{}]`), 400, `{"pointer":"/data","detail":"is there twice"}`},
		"a member twice":    {payload(`"data":[{"a":1,"a":2}]`), 400, `{"pointer":"/data/0/a","detail":"is there twice"}`},
		"half of it":        {`{"version":"1","tok`, 400, `ends before it is whole`},
		"something behind":  {payload(`"data":[{}]`) + `{}`, 400, `isn't JSON`},
		"a raw line break":  {payload("\"data\":[{\"a\":\"\n\"}]"), 400, `isn't JSON`},
		"not UTF-8":         {payload("\"data\":[{\"a\":\"\xff\"}]"), 400, `isn't JSON`},
		"nothing":           {``, 400, `{"pointer":"","keyword":"required","detail":"is required"}`},
		"an unknown token":  {`{"version":"1","token":"s3cres","data":[{}]}`, 401, `{"title":"Unauthorized","status":401,"detail":"the token isn't known"}`},
		"an empty token":    {`{"version":"1","token":"","data":[{}]}`, 401, `isn't known`},
		"a very long token": {`{"version":"1","token":"` + strings.Repeat("x", 257) + `","data":[{}]}`, 422, `"pointer":"/token"`},
		"a byte too much":   {`{"version":"1","token":"s3cret","data":[{"a":"` + strings.Repeat("x", maxBody) + `"}]}`, 413, `"status":413`},
	} {
		a := r.post(t, tt.text)
		if a.status != tt.status || !strings.Contains(a.body, tt.says) || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %+v, want %d and %s", name, a, tt.status, tt.says)
		}
		if challenge := a.header.Get("WWW-Authenticate"); (challenge == "") == (tt.status == 401) {
			t.Errorf("%s: WWW-Authenticate is %q", name, challenge)
		}
	}
	for name, tt := range map[string]struct {
		got    answer
		status int
	}{
		"another media type": {r.do(t, "POST", "/1.0/payloads", strings.NewReader(payload(`"data":[{}]`)), "Content-Type", "text/plain"), http.StatusUnsupportedMediaType},
		"another method":     {r.do(t, "PUT", "/1.0/payloads", strings.NewReader("{}")), http.StatusMethodNotAllowed},
		"nothing there":      {r.do(t, "GET", "/2.0/payloads", nil), http.StatusNotFound},
	} {
		if tt.got.status != tt.status {
			t.Errorf("%s: got %+v, want %d", name, tt.got, tt.status)
		}
	}
	if found := r.objects(t); len(found) != 0 {
		t.Errorf("what was refused is in the store: %q", found)
	}
}

func TestTokensTellWhosePayloadsAre(t *testing.T) {
	t.Parallel()
	o := flags(t)
	o.tokensFile = write(t, t.TempDir()+"/tokens", "# names and tokens\nann one\n\nann\ttwo\n  b\"ob three\n")
	r := start(t, o)
	for token, name := range map[string]string{"one": `"ann"`, "two": `"ann"`, "three": `"b\"ob"`, secret: `"default"`} {
		a := r.post(t, `{"version":"1","token":"`+token+`","data":[{"is":`+name+`}]}`)
		if a.status != 202 {
			t.Errorf("%s: got %+v", token, a)
		}
	}
	for _, text := range r.objects(t) {
		for line := range strings.Lines(text) {
			got := decode[struct {
				Version, Tenant string
				Data            []struct{ Is string }
			}](t, line)
			if got.Tenant != got.Data[0].Is || strings.Contains(line, "three") || strings.Contains(line, secret) {
				t.Errorf("got %s", line)
			}
		}
	}
}

func TestTokenFilesAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ann":                                    "line 1 isn't a name and a token",
		"#\nann one two":                         "line 2 isn't a name and a token",
		"ann one\nbob one":                       "line 2: ann and bob have the same token",
		"ann " + strings.Repeat("x", maxToken+1): "longer than 256 bytes",
	} {
		if err := (tokens{}).read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzElementsAreCounted(f *testing.F) {
	for _, text := range []string{`[]`, `[ ]`, "[\n]", `[1]`, `[[]]`, `[{}]`, `["",""]`, `["\\"]`, `["\"],["]`, `[[1,2],{"a":[3,4],"b":5}]`, `[null,true]`, ` [ 1 , 2 ] `} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want []any
		if json.Unmarshal([]byte(text), &want) != nil || want == nil {
			return
		}
		var b batch
		if err := b.UnmarshalJSON([]byte(text)); err != nil || b.count != len(want) {
			t.Errorf("%q: got %d and %v, want %d", text, b.count, err, len(want))
		}
		var again []any
		if err := json.Unmarshal(b.text, &again); err != nil || len(again) != len(want) || strings.ContainsAny(string(b.text), "\r\n") {
			t.Errorf("%q is kept as %q: %v", text, b.text, err)
		}
	})
}
