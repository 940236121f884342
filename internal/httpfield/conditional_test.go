package httpfield_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

func TestEvaluateConditions(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 999, time.UTC)
	date := func(d time.Duration) string { return at.Add(d).Format(http.TimeFormat) }
	both := httpfield.Validators{ETag: `"a"`, LastModified: at}
	weak, tag, dated, none := httpfield.Validators{ETag: `W/"a"`}, httpfield.Validators{ETag: `"a,\b"`}, httpfield.Validators{LastModified: at}, httpfield.Validators{}
	for _, tt := range []struct {
		name    string
		current httpfield.Validators
		headers string // separated by |
		get     int
		put     int
	}{
		{"no condition", both, "", 0, 0},

		{"match", both, `If-Match: "a"`, 0, 0},
		{"match in a list", both, `If-Match: "b" ,, "a"`, 0, 0},
		{"match in a second line", both, `If-Match: "b"|If-Match: "a"`, 0, 0},
		{"match another", both, `If-Match: "b"`, 412, 412},
		{"match prefix", both, `If-Match: "aa"`, 412, 412},
		{"match weak against strong", both, `If-Match: W/"a"`, 412, 412},
		{"match strong against weak", weak, `If-Match: "a"`, 412, 412},
		{"match weak against weak", weak, `If-Match: W/"a"`, 412, 412},
		{"match without quotes", both, `If-Match: a`, 412, 412},
		{"match a tag with a comma and a backslash", tag, `If-Match: "x", "a,\b"`, 0, 0},
		{"match empty", both, `If-Match: `, 412, 412},
		{"match any", both, `If-Match: *`, 0, 0},
		{"match any of one with a date alone", dated, `If-Match: *`, 0, 0},
		{"match any of none", none, `If-Match: *`, 412, 412},
		{"match of none", none, `If-Match: "a"`, 412, 412},
		{"match any in a list", both, `If-Match: "b", *`, 412, 412},
		{"match without a tag", dated, `If-Match: "a"`, 412, 412},

		{"none match", both, `If-None-Match: "a"`, 304, 412},
		{"none match weakly", both, `If-None-Match: W/"a"`, 304, 412},
		{"none match weak", weak, `If-None-Match: "a"`, 304, 412},
		{"none match other case", weak, `If-None-Match: w/"a"`, 0, 412},
		{"none match another", both, `If-None-Match: "b", "c"`, 0, 0},
		{"none match garbage", both, `If-None-Match: a`, 0, 412},
		{"none match open quote", both, `If-None-Match: "a`, 0, 412},
		{"none match any", both, `If-None-Match: *`, 304, 412},
		{"none match any of none", none, `If-None-Match: *`, 0, 0},
		{"none match of none", none, `If-None-Match: "a"`, 0, 0},
		{"none match empty", both, `If-None-Match: `, 0, 0},

		{"unmodified since then", both, "If-Unmodified-Since: " + date(0), 0, 0},
		{"unmodified since later", both, "If-Unmodified-Since: " + date(time.Hour), 0, 0},
		{"unmodified since before", both, "If-Unmodified-Since: " + date(-time.Second), 412, 412},
		{"unmodified since before, without a date", tag, "If-Unmodified-Since: " + date(-time.Second), 0, 0},
		{"unmodified since garbage", both, "If-Unmodified-Since: yesterday", 0, 0},
		{"unmodified since twice", both, "If-Unmodified-Since: " + date(-time.Hour) + "|If-Unmodified-Since: " + date(-time.Hour), 0, 0},
		{"unmodified since, of none", none, "If-Unmodified-Since: " + date(-time.Hour), 0, 0},

		{"modified since then", both, "If-Modified-Since: " + date(0), 304, 0},
		{"modified since later", both, "If-Modified-Since: " + date(time.Hour), 304, 0},
		{"modified since before", both, "If-Modified-Since: " + date(-time.Second), 0, 0},
		{"modified since in RFC 850", both, "If-Modified-Since: " + at.Format(time.RFC850), 304, 0},
		{"modified since in ANSI C", both, "If-Modified-Since: " + at.Format(time.ANSIC), 304, 0},
		{"modified since without a date", tag, "If-Modified-Since: " + date(0), 0, 0},
		{"modified since garbage", both, "If-Modified-Since: 2026-11-30", 0, 0},

		{"a match goes before a date", both, `If-Match: "a"|If-Unmodified-Since: ` + date(-time.Hour), 0, 0},
		{"no match goes before a date", both, `If-Match: "b"|If-Unmodified-Since: ` + date(0), 412, 412},
		{"another tag goes before a date", both, `If-None-Match: "b"|If-Modified-Since: ` + date(0), 0, 0},
		{"a tag goes before a date", both, `If-None-Match: "a"|If-Modified-Since: ` + date(-time.Hour), 304, 412},
		{"both tags", both, `If-Match: "a"|If-None-Match: "a"`, 304, 412},
		{"a failed match goes first", both, `If-Match: "b"|If-None-Match: "a"`, 412, 412},
		{"an old date and a tag", both, `If-Unmodified-Since: ` + date(-time.Hour) + `|If-None-Match: "a"`, 412, 412},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(tt.headers, "|") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				h.Add(name, value)
			}
		}
		assert.Equal(t, tt.get, httpfield.Evaluate("GET", h, tt.current), "GET: %s", tt.name)
		assert.Equal(t, tt.get, httpfield.Evaluate("HEAD", h, tt.current), "HEAD: %s", tt.name)
		for _, method := range []string{"PUT", "PATCH", "POST", "DELETE", "PURGE"} {
			assert.Equal(t, tt.put, httpfield.Evaluate(method, h, tt.current), "%s: %s", method, tt.name)
		}
		for _, method := range []string{"OPTIONS", "CONNECT", "TRACE"} {
			assert.Zero(t, httpfield.Evaluate(method, h, tt.current), "%s: %s", method, tt.name)
		}
		assert.Equal(t, tt.headers != "", httpfield.IsConditional(h), tt.name)
	}
}

func TestETags(t *testing.T) {
	for s, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `""`: true, `"ä"`: true, `"a\"`: true, `"a,b"`: true,
		`a`: false, ``: false, `"`: false, `"a`: false, `a"`: false, `w/"a"`: false, `"a b"`: false, `"a"b"`: false, "\"a\n\"": false, `W/`: false, `*`: false,
	} {
		assert.Equal(t, want, httpfield.IsETag(s), "%q", s)
	}
}
