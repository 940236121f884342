package tigertonic

import (
	"encoding/binary"
	"hash/maphash"
)

// Hashes are those of the JSON values in a text: equal values have the same, and
// others don't, but for one in 2⁶⁴. Those of arrays and objects are kept, so that
// however often they are asked for, each is gone through once.
type hashes struct {
	seed maphash.Seed
	kept map[int]hashed // by where they begin
}

// A hashed is an array or an object.
type hashed struct {
	hash uint64
	end  int
}

// of returns the hash of the value that begins there.
func (h *hashes) of(text []byte, begin int) uint64 {
	if h.kept == nil {
		h.seed, h.kept = maphash.MakeSeed(), map[int]hashed{}
	}
	return h.value(&scanner{text, begin})
}

func (h *hashes) value(s *scanner) (hash uint64) {
	first := s.space()
	switch first {
	case '"':
		return h.bytes('"', s.unescaped())
	case 't', 'f', 'n':
		return h.bytes('t', s.literal())
	case '{', '[':
	default:
		return h.bytes('0', parseNumber(s.literal()).appendCanonical(nil))
	}
	begin := s.pos
	if known, ok := h.kept[begin]; ok {
		s.pos = known.end
		return known.hash
	}
	if first == '{' {
		hash = h.object(s)
	} else {
		hash = h.array(s)
	}
	h.kept[begin] = hashed{hash, s.pos}
	return hash
}

// array depends on the order of the items.
func (h *hashes) array(s *scanner) (hash uint64) {
	for s.pos++; s.space() != ']'; {
		hash = h.pair('[', hash, h.value(s))
	}
	s.pos++
	return h.pair(']', hash, 0)
}

// object doesn't depend on the order of the members.
func (h *hashes) object(s *scanner) (sum uint64) {
	for s.pos++; s.space() != '}'; {
		name := h.bytes('"', s.unescaped())
		sum += h.pair('{', name, h.value(s))
	}
	s.pos++
	return h.pair('}', sum, 0)
}

func (h *hashes) pair(kind byte, a, b uint64) uint64 {
	var buf [16]byte
	binary.LittleEndian.PutUint64(buf[:8], a)
	binary.LittleEndian.PutUint64(buf[8:], b)
	return h.bytes(kind, buf[:])
}

func (h *hashes) bytes(kind byte, text []byte) uint64 {
	var m maphash.Hash
	m.SetSeed(h.seed)
	_ = m.WriteByte(kind) // never fails
	_, _ = m.Write(text)  // likewise
	return m.Sum64()
}
