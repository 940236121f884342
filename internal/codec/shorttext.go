package codec

import (
	"strings"
)

// Texts are the short strings of a body, as many as fit behind each other in one
// piece of memory. They are the handler's: whatever is in them, such as a password,
// nothing of it is kept for the next request.
type texts struct{ piece strings.Builder }

const (
	// maxShortText is how long a string may be that is put into a piece.
	maxShortText = 256
	// maxPiece is how much memory a handler keeps that keeps one short string.
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
