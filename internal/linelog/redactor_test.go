package linelog_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

var (
	hide  linelog.Redactor = func(s string) string { return strings.ReplaceAll(s, "secret", "[hidden]") }
	fails linelog.Redactor = func(string) string { panic("no") }
)

func TestRedactorsLetNoSecretThrough(t *testing.T) {
	for name, tt := range map[string]struct{ got, want string }{
		"nil":                       {linelog.Redactor(nil).Redact("a secret"), "a secret"},
		"a text":                    {hide.Redact("a secret"), "a [hidden]"},
		"one that panics":           {fails.Redact("a secret"), linelog.NotLogged},
		"a header":                  {hide.Header("X-Key", "secret"), "[hidden]"},
		"a credential":              {linelog.Redactor(nil).Header("authorization", "secret"), linelog.Redacted},
		"a line":                    {hide.Line("ID >", "a secret", "withheld"), "ID > a [hidden]"},
		"a line without a text":     {hide.Line("ID >", "", "withheld"), "ID >"},
		"a line that is escaped":    {hide.Line("ID >", "a\nsecret", "withheld"), `ID > a\n[hidden]`},
		"a line that can't be":      {fails.Line("ID >", "a secret", "withheld"), "ID > withheld"},
		"an escaped one that can't": {fails.Line("ID >", "a\nsecret", "withheld"), "ID > withheld"},
		"a block":                   {hide.Block("ID >", "a\nsecret"), "a\n[hidden]\n"},
		"a block of one line":       {hide.Block("ID >", "secret"), "secret"},
	} {
		assert.Equal(t, tt.want, tt.got, name)
	}
	onlyEscaped := linelog.Redactor(func(s string) string {
		if strings.Contains(s, `\n`) {
			panic("no")
		}
		return s
	})
	assert.Equal(t, "ID > withheld", onlyEscaped.Line("ID >", "a\nsecret", "withheld"))
}

func TestRedactorsOfObjectsGetThemInBothForms(t *testing.T) {
	for name, tt := range map[string]struct {
		f    linelog.Redactor
		line string
		want string
		ok   bool
	}{
		"nil":               {nil, `{"a":"<secret>"}`, `{"a":"<secret>"}`, true},
		"as it is":          {hide, `{"a":"secret"}`, `{"a":"[hidden]"}`, true},
		"with HTML":         {hide, `{"a":"<secret>"}`, `{"a":"<[hidden]>"}`, true},
		"the escaped form":  {func(s string) string { return strings.ReplaceAll(s, `\u003csecret`, "[hidden]") }, `{"a":"<secret"}`, `{"a":"[hidden]"}`, true},
		"one that panics":   {fails, `{"a":"secret"}`, "", false},
		"with HTML as well": {fails, `{"a":"<"}`, "", false},
		"another line":      {func(string) string { return "a\nb\n" }, `{}`, `a\u000ab`, true},
	} {
		got, ok := tt.f.Object(tt.line)
		assert.Equal(t, tt.ok, ok, name)
		if ok {
			assert.Equal(t, tt.want, got, name)
		}
	}
}

func FuzzEscapedTextsAreOneLine(f *testing.F) {
	for _, text := range []string{"", "plain", "a\tb", "a\nb\r\x1b[31m", "tea ☕", "\xff\xfe", `"quoted" \`, "\u2028", "\U000e0001", "\u200b", "\x7f"} {
		f.Add(text, `"`)
		f.Add(text, " ")
	}
	f.Fuzz(func(t *testing.T, text, special string) {
		got := linelog.Escape(text, special)
		require.True(t, utf8.ValidString(got))
		require.Zero(t, strings.IndexFunc(got+"\n", func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f || c == '\u2028' })-len(got))
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		line := linelog.EscapeJSON(quoted)
		var read, want string
		require.NoError(t, json.Unmarshal([]byte(line), &read))
		require.NoError(t, json.Unmarshal(quoted, &want))
		require.Equal(t, want, read)
	})
}

func TestWhatIsSpecialIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		`a "b"`: `a\x20\"b\"`, "ü": "ü", "\x00": `\x00`, "\xff": `\xff`, "\u200b": `\u200b`,
	} {
		assert.Equal(t, want, linelog.Escape(text, `" `), "%q", text)
	}
	assert.Equal(t, `"\udb40\udc01\ufffd☕"`, linelog.EscapeJSON([]byte("\"\U000e0001\xff☕\"")))
}

func TestBodiesAreKeptAsTheyPass(t *testing.T) {
	long := strings.Repeat("x", 20<<10)
	for name, tt := range map[string]struct {
		body, contentType, encoding string
		read                        int64
		f                           linelog.Redactor
		want                        string
	}{
		"none":                  {"", "", "", 9, nil, ""},
		"a text":                {"a secret", "", "", 99, hide, "a [hidden]"},
		"JSON":                  {`{"a":1}`, "application/problem+json", "", 99, nil, `{"a":1}`},
		"JSON lines":            {"1\n2\n", "application/jsonl", "", 99, nil, "1\n2\n"},
		"a picture":             {"\x89PNG\r\n\x1a\n", "", "", 99, nil, "** request body redacted **"},
		"what is compressed":    {"text", "text/plain", "gzip", 99, nil, "** request body redacted **"},
		"what wasn't read":      {"a secret", "", "", 5, hide, "** request body redacted, cut off after 5 bytes **"},
		"that, with no secrets": {"a secret", "", "", 5, nil, "a sec"},
		"a long one":            {long, "", "", 1 << 20, nil, long[:16<<10] + "\n** request body of 20480 bytes cut off **"},
		"that, with secrets":    {long, "", "", 1 << 20, hide, "** request body of 20480 bytes redacted, more than 16384 **"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
			h := http.Header{}
			for name, value := range map[string]string{"Content-Type": tt.contentType, "Content-Encoding": tt.encoding} {
				if value != "" {
					h.Set(name, value)
				}
			}
			kept := linelog.KeepBody(r)
			_, err := io.Copy(io.Discard, io.LimitReader(r.Body, tt.read))
			require.NoError(t, err)
			assert.Equal(t, tt.want, kept.Text(h, tt.f))
		})
	}
}

func TestResponsesAreKeptAsTheyPass(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	w, rec, kept := linelog.KeepResponse(httptest.NewRecorder(), r)
	assert.Empty(t, kept.Text(true, nil))
	w.Header().Set("X-Sent", "yes")
	_, err := io.WriteString(w, "a secret")
	require.NoError(t, err)
	w.Header().Set("X-Sent", "too late")
	assert.Equal(t, "yes", kept.Header.Get("X-Sent"))
	assert.EqualValues(t, 8, rec.Sent())
	assert.Equal(t, "a [hidden]", kept.Text(true, hide))
	assert.Equal(t, "** response body redacted, cut off after 8 bytes **", kept.Text(false, hide))
}
