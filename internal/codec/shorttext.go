package codec

import (
	"strings"
)

// Texts are the short strings of a body, packed into one piece of memory. They belong to
// the handler: nothing in them, such as a password, is kept for the next request.
type texts struct{ piece strings.Builder }

const (
	// maxShortText is the length up to which strings are packed.
	maxShortText = 256
	// maxPiece is how much memory a handler retains by retaining one short string.
	maxPiece = 512
)

// text returns b as a string. There are at most rest bytes of strings from b on.
func (t *texts) text(b []byte, rest int) string {
	if len(b) > maxShortText || len(b) == 0 {
		return string(b)
	}
	if t.piece.Cap()-t.piece.Len() < len(b) {
		t.piece.Reset()
		t.piece.Grow(max(len(b), min(rest, maxPiece)))
	}
	begin := t.piece.Len()
	t.piece.Write(b)
	return t.piece.String()[begin:]
}
