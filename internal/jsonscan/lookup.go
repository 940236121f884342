package jsonscan

import (
	"cmp"
	"slices"
)

// A Lookup finds members of the objects of one JSON text, which must be valid. However
// deep the objects are nested, the total time is proportional to the text: the first time
// an object or array is in the way, the whole text is scanned once to find where the
// longer ones end.
type Lookup struct {
	Src   []byte
	spans []span // by where they begin
	noted bool
}

// A span is where an object or array begins and ends.
type span struct{ begin, end int }

// shortSpan is the length up to which it is cheaper to scan an object or array again.
const shortSpan = 64

// Member returns where the value of a member begins, in the object that begins at a place
// in the text. It reports false if the object has no such member.
func (l *Lookup) Member(begin int, name string) (at int, ok bool) {
	s := Scanner{Src: l.Src, Pos: begin + 1}
	for s.Space() != '}' {
		is := string(s.Unescaped()) == name
		switch first := s.Space(); {
		case is:
			return s.Pos, true
		case first == '{' || first == '[':
			l.skip(&s)
		default:
			s.Skip()
		}
	}
	return 0, false
}

// Next returns where the next value, name or closing bracket begins from a place on.
func (l *Lookup) Next(from int) int {
	s := Scanner{Src: l.Src, Pos: from}
	s.Space()
	return s.Pos
}

// skip moves past the next object or array.
func (l *Lookup) skip(s *Scanner) {
	if !l.noted {
		l.note()
	}
	i, ok := slices.BinarySearchFunc(l.spans, s.Pos, func(one span, begin int) int { return cmp.Compare(one.begin, begin) })
	if ok {
		s.Pos = l.spans[i].end
		return
	}
	s.Skip()
}

// note records the spans of the text.
func (l *Lookup) note() {
	l.noted = true
	var open []int // the spans that haven't ended
	for i := 0; i < len(l.Src); i++ {
		switch l.Src[i] {
		case '"':
			s := Scanner{Src: l.Src, Pos: i}
			s.Text()
			i = s.Pos - 1
		case '{', '[':
			open = append(open, len(l.spans))
			l.spans = append(l.spans, span{begin: i})
		case '}', ']':
			last := len(open) - 1
			at := open[last]
			open = open[:last]
			if l.spans[at].end = i + 1; i+1-l.spans[at].begin < shortSpan {
				l.spans = l.spans[:at] // those within it are short, too
			}
		}
	}
}
