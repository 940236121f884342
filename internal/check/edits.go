package check

import (
	"cmp"
	"math"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// Edits of a text for the codec: members that have a default are put in, and integers
// with a point or an exponent, which JSON Schema takes and the codec doesn't, are
// written as such.
//
// They go into a log that only grows. Edits by an alternative that failed stay there. The
// edits that count are spans of the log, in a tree that shares what two alternatives have
// in common, so that nothing is copied however often a value is checked.

// An edit replaces a part of the text with a part of the log's text.
type edit struct{ begin, end, from, to uint32 }

// A span is a list of edits that count: an earlier span, others within it, and a part of
// the log.
type span struct {
	before, inner *span
	from, to      int
}

// An editLog is the edits of a text.
type editLog struct {
	all   []edit
	texts []byte
	live  *span // without those from open on, which count too
	open  int
	known map[absentees]edit
}

// Absentees are the properties that an object lacks.
type absentees struct {
	k     *Check
	there uint64
	empty bool // nothing else is in the object
}

// isEmpty reports whether there are no edits.
func (l *editLog) isEmpty() bool { return len(l.all) == 0 }

// add adds an edit.
func (l *editLog) add(e edit) {
	if len(l.all) == cap(l.all) {
		l.all = slices.Grow(l.all, max(8, len(l.all))) // by twice, to copy less
	}
	l.all = append(l.all, e)
}

// text keeps a text and returns where it is.
func (l *editLog) text(text []byte) (from, to uint32) {
	from = uint32(len(l.texts)) //nolint:gosec // there is no more text than maxCounted, by and by
	l.texts = append(l.texts, text...)
	return from, uint32(len(l.texts)) //nolint:gosec // likewise
}

// close ends the live part, so that later edits are separate from it.
func (l *editLog) close() *span {
	if len(l.all) > l.open {
		l.live = &span{before: l.live, from: l.open, to: len(l.all)}
		l.open = len(l.all)
	}
	return l.live
}

// restore makes an earlier state live again, without what was added since.
func (l *editLog) restore(live *span) { l.live, l.open = live, len(l.all) }

// join makes inner live, too.
func (l *editLog) join(inner *span) {
	l.close()
	switch {
	case inner == nil:
	case l.live == nil:
		l.live = inner
	default:
		l.live = &span{before: l.live, inner: inner}
	}
}

// spans calls f for the parts of the log that count, each once.
func (s *span) spans(seen map[*span]bool, f func(from, to int)) {
	for ; s != nil && !seen[s]; s = s.before {
		seen[s] = true
		f(s.from, s.to)
		s.inner.spans(seen, f)
	}
}

// apply returns src with the edits applied, or false if the result is much longer. If two
// edits are at one place, as with two schemas for one value, the first wins.
func (l *editLog) apply(src []byte) (text []byte, ok bool) {
	edits := l.all
	if live := l.close(); live == nil {
		edits = nil
	} else if live.before != nil || live.inner != nil || live.to-live.from < len(l.all) {
		edits = make([]edit, 0, len(l.all))
		live.spans(map[*span]bool{}, func(from, to int) { edits = append(edits, l.all[from:to]...) })
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.from, b.from)) })
	made, length := edits[:0], len(src)
	end, last := uint32(0), edit{}
	for _, e := range edits {
		if e.begin < end || e == last {
			continue
		}
		made = append(made, e)
		length += int(e.to - e.from)
		end, last = e.end, e
	}
	if length-len(src) > maxAdded {
		return nil, false
	}
	text, end = make([]byte, 0, length), 0
	for _, e := range made {
		text = append(append(text, src[end:e.begin]...), l.texts[e.from:e.to]...)
		end = e.end
	}
	return append(text, src[end:]...), true
}

// edited returns the text with the edits, or false if that is much longer.
func (c *checking) edited() (text []byte, ok bool) {
	if c.added > maxCounted {
		return nil, false
	}
	return c.edits.apply(c.Src)
}

// maxCounted is how much text may be added. What two schemas of one value add counts
// twice until the edits are applied.
const maxCounted = 4 * maxAdded

// edit adds an edit, as long as edits will be applied.
func (c *checking) edit(begin, end int, text []byte) {
	if c.added += len(text); end > math.MaxUint32 {
		c.added = maxCounted + 1
	}
	if c.added <= maxCounted && c.bad == c.clean {
		from, to := c.edits.text(text)
		c.edits.add(edit{uint32(begin), uint32(end), from, to}) //nolint:gosec // begin is before end, which has been looked at
	}
}

// missing records which members an object lacks, and adds the defaults.
func (c *checking) missing(k *Check, begin int, there []uint64) {
	depth := len(c.path)
	for i := range k.properties {
		if p := &k.properties[i]; p.Required && there[i/64]&(1<<(i%64)) == 0 {
			c.path = append(c.path[:depth], step{name: []byte(p.Name)})
			c.wrong("required", "", "is required")
		}
	}
	c.path = c.path[:depth]
	if k.defaults == 0 || c.bad > c.clean || c.added > maxCounted {
		return
	}
	if begin >= math.MaxUint32 {
		c.added = maxCounted + 1
		return
	}
	s := &jsonscan.Scanner{Src: c.Src, Pos: begin + 1}
	of := absentees{k, there[0], s.Space() == '}'}
	e, known := c.edits.known[of]
	if !known || len(there) > 1 {
		if c.edits.known == nil {
			c.edits.known = map[absentees]edit{}
		}
		e.from, e.to = c.edits.text(k.fallbacks(there, of.empty))
		c.edits.known[of] = e
	}
	if e.to > e.from {
		e.begin, e.end = uint32(begin+1), uint32(begin+1) //nolint:gosec // it has been looked at
		if c.added += int(e.to - e.from); c.added <= maxCounted {
			c.edits.add(e)
		}
	}
}

// fallbacks returns the members that an object lacks, as they are put into it.
func (k *Check) fallbacks(there []uint64, empty bool) (text []byte) {
	for i := range k.properties {
		if p := &k.properties[i]; p.Default != nil && there[i/64]&(1<<(i%64)) == 0 {
			text = append(append(append(append(text, jsonscan.Quote(p.Name)...), ':'), p.Default...), ',')
		}
	}
	if empty && len(text) > 0 {
		text = text[:len(text)-1]
	}
	return text
}
