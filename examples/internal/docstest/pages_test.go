package docstest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCodeOnAPageIsFoundInASource(t *testing.T) {
	s := Source{"a.go": flat("package a\n\nfunc f() {\n\tif true {\n\t\tg()\n\t\th()\n\t}\n}\n")}
	for _, tt := range []struct {
		page string
		want []string
	}{
		{"```go\nif true {\n\tg()\n\th()\n}\n```\n", nil},
		{"- a list:\n  ```go\n  g()\n  h()\n  ```\n", nil},
		{"```go\nfunc f() {\n// ...\nh()\n```\n", nil},
		{"```go\nh()\n// ...\ng()\n```\n", []string{"h()"}},
		{"```go\ng()\n\nh()\n```\n", []string{"g()"}},
		{"```go\nf(\n```\n", []string{"f("}},
		{"```text\nnothing\n```\n", nil},
	} {
		if got := s.Missing(tt.page); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.page, got, tt.want)
		}
	}
}

func TestLinksThatLeadNowhereAreFound(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.md")
	page := "# One `two`, three\n[a](a.md#one-two-three) [b](b.md) [c](#four) [d](.) [e](https://example.com/x)\n```\n[f](f.md)\n# Five\n```\n[g](#five)\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	got := Broken(file, page)
	if len(got) != 3 {
		t.Errorf("got %q, want b.md, #four and #five", got)
	}
}
