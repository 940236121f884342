package openapi

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTextsAreEscaped(t *testing.T) {
	for text, want := range map[string]string{
		`<b>&"'`:                 "&lt;b&gt;&amp;&#34;&#39;",
		"plain – ünïcode 😀":      "plain – ünïcode 😀",
		"a\x00b\xffc\u2028":      "a\ufffdb\ufffdc\u2028",
		"&amp;":                  "&amp;amp;",
		"</script><!--":          "&lt;/script&gt;&lt;!--",
		"\" onload=\"pwned()":    "&#34; onload=&#34;pwned()",
		"%s %u %d":               "%s %u %d",
		"":                       "",
		"\xc0\xbcscript\xc0\xbe": "\ufffd\ufffdscript\ufffd\ufffd",
	} {
		var w htmlWriter
		w.put(`<p title="%s">%s</p>`, text, text)
		assert.Equal(t, `<p title="`+want+`">`+want+`</p>`, string(w.b))
	}
}

func TestLinksLeadNowhereElse(t *testing.T) {
	for l, want := range map[link]string{
		fragment(`a"b c`):                   "#a%22b%20c",
		query("operation", `x&y="<z>`):      "?operation=x%26y%3D%22%3Cz%3E",
		query("group", "A b", "from", "20"): "?group=A+b&amp;from=20",
		query("search.json", ""):            "?search.json",
		outward("https://example.com/?a&b"): "https://example.com/?a&amp;b",
		outward("/here"):                    "/here",
		outward("#here"):                    "#here",
		outward("javascript:pwned()"):       "#",
		outward(" javascript:pwned()"):      "#",
		outward("data:text/html,pwned"):     "#",
		outward("HTTPS://example.com"):      "#",
		outward("relative"):                 "#",
	} {
		var w htmlWriter
		w.put(`<a href="%u">`, l)
		assert.Equal(t, `<a href="`+want+`">`, string(w.b))
	}
}

func TestMarkupPanicsAtValuesThatItHasNoHolesFor(t *testing.T) {
	for want, f := range map[string]func(w *htmlWriter){
		`tigertonic: openapi: a string for %u`:       func(w *htmlWriter) { w.put(`<a href="%u">`, "javascript:pwned()") },
		`tigertonic: openapi: a openapi.link for %s`: func(w *htmlWriter) { w.put(`%s`, query("a", "b")) },
		`tigertonic: openapi: a int for %s`:          func(w *htmlWriter) { w.put(`%s`, 1) },
		`tigertonic: openapi: no value for "%s"`:     func(w *htmlWriter) { w.put(`%s`) },
		`tigertonic: openapi: 1 values too many`:     func(w *htmlWriter) { w.put(`a`, "b") },
	} {
		assert.PanicsWithValue(t, want, func() { f(&htmlWriter{}) })
	}
}
