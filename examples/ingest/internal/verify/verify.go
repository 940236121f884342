// Package verify compares what a service acknowledged with what is in its store.
//
// The acknowledgements are lines as the load generator writes them by its -acked; the
// store has segments, compressed lines of JSON with a payload each. A payload is
// identified by the SHA-256 of its bytes, so it is found wherever it is, and one that has
// changed by a bit isn't found at all.
//
// Neither side has to fit into memory. Both are read once, as a stream. For each line, an
// entry of fixed length is written to one of 64 temporary files, chosen by the hash, so
// that equal hashes meet in the same file. Then each file is read and sorted, which puts
// acknowledged and stored entries with the same hash side by side. A million payloads
// need 112 MB of disk, and a 64th of that in memory.
package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
)

// A Report is the result. Lists of examples have at most as many as were asked for.
type Report struct {
	Acked   int64 // payloads that were acknowledged
	InPlace int64 // of which are in the segment and at the offset that they were said to be,
	Moved   int64 // are elsewhere,
	Missing int64 // or nowhere

	Twice int64 // copies of a payload beyond those that were asked for

	Unanswered       int64 // requests that weren't answered,
	UnansweredStored int64 // of which are stored all the same
	Refused          int64 // requests that were answered otherwise than by an acknowledgement,
	RefusedStored    int64 // of which are stored all the same
	Unknown          int64 // stored payloads that nobody has sent, as far as is known

	Objects int   // segments in the store
	Stored  int64 // payloads in them
	Bytes   int64 // uncompressed
	Others  int   // objects that aren't segments by their names
	Damaged []string

	Anywhere bool // set by the caller if what is elsewhere isn't lost

	MissingIn map[string]int64 // how many are missing, by the segment that should have them
	Examples  map[Kind][]Place
}

// A Kind is a kind of deviation.
type Kind string

// The kinds that a [Report] has examples of.
const (
	Missing       Kind = "missing"
	Moved         Kind = "elsewhere"
	Twice         Kind = "twice"
	Unknown       Kind = "unknown"
	RefusedStored Kind = "refused, yet stored"
)

// A Place is the actual or expected place of a payload.
type Place struct {
	Seq     int64 // of the request, or -1 if it isn't known
	Sum     [sumSize]byte
	Segment string
	Offset  int64
}

func (p Place) String() string {
	s := fmt.Sprintf("%x… at %s:%d", p.Sum[:6], p.Segment, p.Offset)
	if p.Seq >= 0 {
		s = fmt.Sprintf("request %d, %s", p.Seq, s)
	}
	return s
}

// Lost reports whether anything acknowledged isn't where it should be.
func (r *Report) Lost() bool {
	return r.Missing > 0 || r.Moved > 0 && !r.Anywhere || len(r.Damaged) > 0
}

// Exact reports whether the store holds exactly what was acknowledged, each payload once.
func (r *Report) Exact() bool {
	return !r.Lost() && r.Twice == 0 && r.UnansweredStored == 0 && r.RefusedStored == 0 && r.Unknown == 0
}

// Verify compares acknowledgements with objects. It uses a temporary directory, and keeps
// at most so many examples of each kind. An error means that it couldn't compare.
func Verify(ctx context.Context, acked []io.Reader, objects Objects, examples int) (*Report, error) {
	s, err := newSides()
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &Report{MissingIn: map[string]int64{}, Examples: map[Kind][]Place{}}
	for _, lines := range acked {
		if err := s.readOutcomes(ctx, r, lines); err != nil {
			return nil, err
		}
	}
	if err := s.readObjects(ctx, r, objects); err != nil {
		return nil, err
	}
	c := comparison{r, s, examples}
	for i := range s.files {
		entries, err := s.load(i)
		if err != nil {
			return nil, err
		}
		c.compare(entries)
	}
	return r, nil
}

type comparison struct {
	*Report
	sides *sides
	limit int
}

// compare compares the entries of one file.
func (c *comparison) compare(entries []entry) {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(bytes.Compare(a.sum[:], b.sum[:]), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.segment, b.segment), cmp.Compare(a.offset, b.offset))
	})
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].sum == entries[0].sum {
			n++
		}
		c.compareSame(entries[:n])
		entries = entries[n:]
	}
}

// compareSame compares the entries of one hash, which are sorted. More than one may
// have been asked for, if a client sends the same again.
func (c *comparison) compareSame(entries []entry) {
	var by [kinds][]entry
	for _, e := range entries {
		by[e.kind] = append(by[e.kind], e)
	}
	acked, stored := c.pair(by[ackedEntry], by[storedEntry])
	n := min(len(acked), len(stored))
	c.Moved += int64(n)
	c.example(Moved, acked[:n])
	c.Missing += int64(len(acked) - n)
	c.example(Missing, acked[n:])
	for _, e := range acked[n:] {
		c.MissingIn[c.sides.names[e.segment]]++
	}
	stored = stored[n:]

	n = min(len(by[unansweredEntry]), len(stored))
	c.UnansweredStored += int64(n)
	stored = stored[n:]
	n = min(len(by[refusedEntry]), len(stored))
	c.RefusedStored += int64(n)
	c.example(RefusedStored, stored[:n])
	stored = stored[n:]
	if len(by[storedEntry]) == len(entries) {
		c.Unknown += int64(len(stored))
		c.example(Unknown, stored)
		return
	}
	c.Twice += int64(len(stored))
	c.example(Twice, stored)
}

// pair removes what is acknowledged and stored at the same place.
func (c *comparison) pair(acked, stored []entry) (ackedLeft, storedLeft []entry) {
	for len(acked) > 0 && len(stored) > 0 {
		a, s := acked[0], stored[0]
		switch order := cmp.Or(cmp.Compare(a.segment, s.segment), cmp.Compare(a.offset, s.offset)); {
		case order < 0:
			ackedLeft, acked = append(ackedLeft, a), acked[1:]
		case order > 0:
			storedLeft, stored = append(storedLeft, s), stored[1:]
		default:
			c.InPlace++
			acked, stored = acked[1:], stored[1:]
		}
	}
	return append(ackedLeft, acked...), append(storedLeft, stored...)
}

func (c *comparison) example(k Kind, entries []entry) {
	for _, e := range entries[:min(len(entries), c.limit-len(c.Examples[k]))] {
		c.Examples[k] = append(c.Examples[k], Place{e.seq, e.sum, c.sides.names[e.segment], e.offset})
	}
}
