package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// valid reports whether a text matches a pattern of a document, or why it can't be told.
func valid(t *testing.T, pattern, text string) (bool, error) {
	t.Helper()
	quoted, err := json.Marshal(pattern)
	if err != nil {
		t.Fatal(err)
	}
	c := contract.MustParse(fmt.Appendf(nil, `{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{},
		"components":{"schemas":{"S":{"type":"string","pattern":%s}}}}`, quoted))
	s, err := c.Schema("/components/schemas/S")
	if err != nil {
		return false, err
	}
	return s.Validate(text) == nil, nil
}

func TestPatternsAreThoseOfECMAScript(t *testing.T) {
	for _, tt := range []struct{ pattern, matches, doesnt string }{
		{`^[\u0001-\u{10ffff}]+$`, "a\U0001f600", "\x00"},
		{`^[^\x00]+$`, "a\U0001f600", "\x00"},
		{`^[\u{1f600}-\u{1f64f}]$`, "\U0001f610", "a"},
		{`^\ud83d\ude00$`, "\U0001f600", "a"},
		{`^[\ud83d\ude00-\ud83d\ude4f]$`, "\U0001f610", "\U0001f650"},
		{`^\u2028$`, "\u2028", "u2028"},
		{`^\s\S$`, "\u00a0a", "a\u00a0"},
		{`^[\s\d]+$`, " \ufeff7", "a"},
		{`^.$`, "\U0001f600", "\u2028"},
		{`^[^]$`, "\n", ""},
		{`[]|a`, "a", "b"},
		{`^\p{Script=Greek}\P{General_Category=Lu}$`, "αb", "aB"},
		{`^\cJ\0$`, "\n\x00", "J0"},
		{`^[\b[]+$`, "\b[", "b"},
		{`^a\/b\-c\.$`, "a/b-c.", "a/b-cd"},
		{`^(?<year>\d{4})-(?:0[1-9]|1[0-2])$`, "2026-12", "2026-13"},
	} {
		for text, want := range map[string]bool{tt.matches: true, tt.doesnt: false} {
			if got, err := valid(t, tt.pattern, text); got != want || err != nil {
				t.Errorf("%s: got %t and %v for %q", tt.pattern, got, err, text)
			}
		}
	}
	for _, pattern := range []string{`(?=a)`, `(a)\1`, `\u12`, `\`, `[`} {
		if _, err := valid(t, pattern, "a"); err == nil || !contains(err.Error(), "package regexp can't match") {
			t.Errorf("%s: got %v", pattern, err)
		}
	}
}

// Patterns that only exclude something keep their contract, whatever they exclude.
func TestPatternsKeepTheirContract(t *testing.T) {
	type in struct {
		Text string `json:"text" pattern:"^[^\\x00]*$"`
		Line string `json:"line" pattern:"^\\P{Cc}+$"`
		Name string `json:"name" pattern:"^[\\x{200b}\\x{1F600}-\\x{1F64F}\\x{E0001}]{1,3}$"`
		Any  string `json:"any" pattern:"^.\\s$"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/", tigertonic.Typed(func(context.Context, *in) (struct{}, error) { return struct{}{}, nil }))
	contract.Of(mux).Fuzz(t, mux, contract.FuzzOptions{Requests: 500})
}
