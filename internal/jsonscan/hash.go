package jsonscan

import (
	"encoding/binary"
	"hash/maphash"
)

// Hashes computes hashes of the JSON values in a text. Equal values have equal hashes;
// different values have different ones, with a chance of one in 2⁶⁴ of a collision. The
// hashes of arrays and objects are kept, so that each is read only once however often it
// is asked for. To save memory, short ones aren't kept.
type Hashes struct {
	seed maphash.Seed
	kept map[int]hashed // by where they begin
	left int            // how much text there has been, but for what is kept
}

// worthKeeping is the length from which the hash of an array or object is kept.
const worthKeeping = 64

// A hashed is an array or an object.
type hashed struct {
	hash uint64
	end  int
}

// Of returns the hash of the value that begins there.
func (h *Hashes) Of(text []byte, begin int) uint64 {
	if h.kept == nil {
		h.seed, h.kept = maphash.MakeSeed(), map[int]hashed{}
	}
	return h.value(&Scanner{text, begin})
}

func (h *Hashes) value(s *Scanner) (hash uint64) {
	first := s.Space()
	switch first {
	case '"':
		return h.bytes('"', s.Unescaped())
	case 't', 'f', 'n':
		return h.bytes('t', s.Literal())
	case '{', '[':
	default:
		return h.bytes('0', ParseNumber(s.Literal()).AppendCanonical(nil))
	}
	begin, left := s.Pos, h.left
	if known, ok := h.kept[begin]; ok {
		s.Pos = known.end
		return known.hash
	}
	h.left += len("[]")
	if first == '{' {
		hash = h.object(s)
	} else {
		hash = h.array(s)
	}
	if h.left-left >= worthKeeping {
		h.kept[begin] = hashed{hash, s.Pos}
		h.left = left
	}
	return hash
}

// array depends on the order of the items.
func (h *Hashes) array(s *Scanner) (hash uint64) {
	for s.Pos++; s.Space() != ']'; {
		hash = h.pair('[', hash, h.value(s))
	}
	s.Pos++
	return h.pair(']', hash, 0)
}

// object doesn't depend on the order of the members.
func (h *Hashes) object(s *Scanner) (sum uint64) {
	for s.Pos++; s.Space() != '}'; {
		name := h.bytes('"', s.Unescaped())
		sum += h.pair('{', name, h.value(s))
	}
	s.Pos++
	return h.pair('}', sum, 0)
}

func (h *Hashes) pair(kind byte, a, b uint64) uint64 {
	var buf [16]byte
	binary.LittleEndian.PutUint64(buf[:8], a)
	binary.LittleEndian.PutUint64(buf[8:], b)
	return h.bytes(kind, buf[:])
}

func (h *Hashes) bytes(kind byte, text []byte) uint64 {
	var m maphash.Hash
	m.SetSeed(h.seed)
	h.left += len(text)
	_ = m.WriteByte(kind) // never fails
	_, _ = m.Write(text)  // likewise
	return m.Sum64()
}
