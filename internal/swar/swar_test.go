package swar

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// The oracles are package strings.
func TestTextsAreLookedThroughByWords(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		text := make([]byte, rnd.IntN(40))
		for i := range text {
			text[i] = "//.0aaaa\x2e\x30\xaf\x00\xff"[rnd.IntN(13)]
		}
		s := string(text)
		first := strings.IndexByte(s, '/')
		if first < 0 {
			first = len(s)
		}
		if got := FirstSlash(s); got != first {
			t.Fatalf("the first slash of %q: got %d, want %d", s, got, first)
		}
		if got, want := LastIndexByte(s, '/'), strings.LastIndexByte(s, '/'); got != want {
			t.Fatalf("the last slash of %q: got %d, want %d", s, got, want)
		}
		n := rnd.IntN(10)
		want := ""
		if parts := strings.SplitN(s, "/", n+1); len(parts) > n {
			want = parts[n]
		}
		if got := AfterSlashes(s, n); got != want {
			t.Fatalf("behind %d slashes of %q: got %q, want %q", n, s, got, want)
		}
		want = ""
		if parts := strings.Split(s, "/"); len(parts) > n+1 {
			want = parts[len(parts)-1-n]
		}
		if got := SegmentBefore(s, n); got != want {
			t.Fatalf("before %d slashes of %q: got %q, want %q", n, s, got, want)
		}
	}
}
