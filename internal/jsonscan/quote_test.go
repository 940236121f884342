package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// randomText returns text with what must be escaped, and some that isn't UTF-8.
func randomText(rnd *rand.Rand) string {
	var text []byte
	for range rnd.IntN(30) {
		switch rnd.IntN(12) {
		case 0:
			text = append(text, byte(rnd.IntN(32)))
		case 1:
			text = append(text, `"\<>&/`[rnd.IntN(6)])
		case 2:
			text = utf8.AppendRune(text, []rune{'é', '世', '😀', '\u2028', '\u2029', '\ufffd', 0x7f, 0x80}[rnd.IntN(8)])
		case 3:
			if rnd.IntN(6) == 0 {
				text = append(text, byte(0x80+rnd.IntN(128)))
			}
		default:
			text = append(text, byte(' '+rnd.IntN(95)))
		}
	}
	return string(text)
}

// The oracles are the two codecs.
func TestStringsAreQuotedAsTheCodecsDo(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 50_000 {
		text := randomText(rnd)
		got, ok := jsonscan.AppendString([]byte("x"), text)
		if ok != utf8.ValidString(text) {
			t.Fatalf("%q: taken is %v", text, ok)
		}
		if ok {
			want, err := jsontext.AppendQuote([]byte("x"), text)
			require.NoError(t, err)
			if !bytes.Equal(got, want) {
				t.Fatalf("%q: got %s, want %s", text, got, want)
			}
		}
		var back string
		if err := json.Unmarshal(jsonscan.Quote(text), &back); err != nil || back != string([]rune(text)) {
			t.Fatalf("%q: quoted and read it is %q, %v", text, back, err)
		}
		want, err := json.Marshal(text)
		require.NoError(t, err)
		if got := jsonscan.AppendHTMLSafeString(nil, text); !bytes.Equal(got, want) {
			t.Fatalf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestPlainPrefixEndsAtTheFirstOddByte(t *testing.T) {
	for n := range 40 {
		plain := make([]byte, n)
		for i := range plain {
			plain[i] = byte(' ' + 2 + i%2)
			if plain[i] == '"' {
				plain[i] = '~'
			}
		}
		for c := range 256 {
			isPlain := c >= ' ' && c < 0x80 && c != '"' && c != '\\'
			want := n
			if isPlain {
				want = n + 2
			}
			text := append(append([]byte(nil), plain...), byte(c), 'a')
			if got := jsonscan.PlainPrefix(text); got != want {
				t.Fatalf("%q: got %d, want %d", text, got, want)
			}
			if got := jsonscan.PlainPrefix(string(text)); got != want {
				t.Fatalf("%q as a string: got %d, want %d", text, got, want)
			}
		}
	}
}
