package markup

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
		var w Writer
		w.Put(`<p title="%s">%s</p>`, text, text)
		assert.Equal(t, `<p title="`+want+`">`+want+`</p>`, string(w.Bytes()))
	}
}

func TestLinksLeadNowhereElse(t *testing.T) {
	for l, want := range map[Link]string{
		Fragment(`a"b c`):                   "#a%22b%20c",
		Query("operation", `x&y="<z>`):      "?operation=x%26y%3D%22%3Cz%3E",
		Query("group", "A b", "from", "20"): "?group=A+b&amp;from=20",
		Query("search.json", ""):            "?search.json",
		To("debug/pprof/"):                  "debug/pprof/",
		Path("a/b", "debug", "1"):           "a%2Fb?debug=1",
		Path("javascript:pwned()"):          "./javascript:pwned%28%29",
		Outward("https://example.com/?a&b"): "https://example.com/?a&amp;b",
		Outward("/here"):                    "/here",
		Outward("#here"):                    "#here",
		Outward("javascript:pwned()"):       "#",
		Outward(" javascript:pwned()"):      "#",
		Outward("data:text/html,pwned"):     "#",
		Outward("HTTPS://example.com"):      "#",
		Outward("relative"):                 "#",
	} {
		var w Writer
		w.Put(`<a href="%u">`, l)
		assert.Equal(t, `<a href="`+want+`">`, string(w.Bytes()))
	}
}

func TestMarkupPanicsAtValuesThatItHasNoHolesFor(t *testing.T) {
	for want, f := range map[string]func(w *Writer){
		`tigertonic: a string for %u of a page`:      func(w *Writer) { w.Put(`<a href="%u">`, "javascript:pwned()") },
		`tigertonic: a markup.Link for %s of a page`: func(w *Writer) { w.Put(`%s`, Query("a", "b")) },
		`tigertonic: a int for %s of a page`:         func(w *Writer) { w.Put(`%s`, 1) },
		`tigertonic: no value for "%s" of a page`:    func(w *Writer) { w.Put(`%s`) },
		`tigertonic: 1 values too many for a page`:   func(w *Writer) { w.Put(`a`, "b") },
	} {
		assert.PanicsWithValue(t, want, func() { f(&Writer{}) })
	}
}

func TestWriterWritesNumbersAssetsAndWhatIsTheCase(t *testing.T) {
	var w Writer
	w.Put("<style>")
	w.Asset("a > b { }")
	w.Put("</style>")
	w.When(true, "<b>%d of %d</b>", 1, int64(-1<<63))
	w.When(false, "<i>%s</i>")
	const want = "<style>a > b { }</style><b>1 of -9223372036854775808</b>"
	assert.Equal(t, want, string(w.Bytes()))
	assert.Equal(t, len(want), w.Len())
	assert.PanicsWithValue(t, "tigertonic: a string for %d of a page", func() { w.Put("%d", "1") })
}
