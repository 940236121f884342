package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A world is a store and the outcomes of the requests to it.
type world struct {
	dir      string
	segments map[string]*bytes.Buffer
	outcomes bytes.Buffer
	seq      int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{dir: t.TempDir(), segments: map[string]*bytes.Buffer{}}
}

// store appends a payload to a segment and returns its offset.
func (w *world) store(segment, data string) int {
	if w.segments[segment] == nil {
		w.segments[segment] = &bytes.Buffer{}
	}
	offset := w.segments[segment].Len()
	fmt.Fprintf(w.segments[segment], `{"version":"1","tenant":"demo","data":%s}`+"\n", data)
	return offset
}

func (w *world) outcome(data, rest string, args ...any) {
	fmt.Fprintf(&w.outcomes, `{"seq":%d,"sha256":"%x",%s}`+"\n", w.seq, sha256.Sum256([]byte(data)), fmt.Sprintf(rest, args...))
	w.seq++
}

func (w *world) ack(data, segment string, offset int) {
	w.outcome(data, `"status":202,"response":{"accepted":1,"segment":%q,"offset":%d}`, segment, offset)
}

func (w *world) put(data, segment string) { w.ack(data, segment, w.store(segment, data)) }

func (w *world) write(t *testing.T) {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	for name, text := range w.segments {
		w.file(t, name+Suffix, encoder.EncodeAll(text.Bytes(), nil))
	}
}

func (w *world) file(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) verify(t *testing.T) *Report {
	t.Helper()
	w.write(t)
	r, err := Verify(t.Context(), []io.Reader{bytes.NewReader(w.outcomes.Bytes())}, Dir(w.dir), 100)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// figures are what the tests compare of a report.
func (r *Report) figures() string {
	return fmt.Sprintf("acked %d, in place %d, moved %d, missing %d, twice %d, unanswered %d/%d, refused %d/%d, unknown %d, stored %d, damaged %d",
		r.Acked, r.InPlace, r.Moved, r.Missing, r.Twice, r.UnansweredStored, r.Unanswered, r.RefusedStored, r.Refused, r.Unknown, r.Stored, len(r.Damaged))
}

func TestEachWayToDifferIsCountedApart(t *testing.T) {
	for _, test := range []struct {
		name        string
		make        func(w *world)
		want        string
		lost, exact bool
	}{
		{"nothing at all", func(w *world) {}, "acked 0, in place 0, moved 0, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 0, damaged 0", false, true},
		{
			"all there", func(w *world) { w.put(`[1]`, "a"); w.put(`[ 2 ]`, "a"); w.put(`[{"x":"\u00e4"}]`, "b") },
			"acked 3, in place 3, moved 0, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 3, damaged 0", false, true,
		},
		{
			"missing", func(w *world) { w.put(`[1]`, "a"); w.ack(`[2]`, "b", 0) },
			"acked 2, in place 1, moved 0, missing 1, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 1, damaged 0", true, false,
		},
		{
			"a space too many", func(w *world) { w.ack(`[1]`, "a", w.store("a", `[1 ]`)) },
			"acked 1, in place 0, moved 0, missing 1, twice 0, unanswered 0/0, refused 0/0, unknown 1, stored 1, damaged 0", true, false,
		},
		{
			"at another offset", func(w *world) { w.store("a", `[0]`); w.store("a", `[1]`); w.ack(`[1]`, "a", 0) },
			"acked 1, in place 0, moved 1, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 1, stored 2, damaged 0", true, false,
		},
		{
			"twice in other segments", func(w *world) { w.put(`[1]`, "a"); w.store("b", `[1]`); w.store("c", `[1]`) },
			"acked 1, in place 1, moved 0, missing 0, twice 2, unanswered 0/0, refused 0/0, unknown 0, stored 3, damaged 0", false, false,
		},
		{
			"two acknowledged at one place", func(w *world) { w.put(`[1]`, "a"); w.ack(`[2]`, "a", 0); w.ack(`[1]`, "a", 0) },
			"acked 3, in place 1, moved 0, missing 2, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 1, damaged 0", true, false,
		},
		{
			"the same sent three times", func(w *world) { w.put(`[1]`, "a"); w.put(`[1]`, "a"); w.put(`[1]`, "b") },
			"acked 3, in place 3, moved 0, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 3, damaged 0", false, true,
		},
		{
			"unanswered", func(w *world) {
				w.outcome(`[1]`, `"error":"timeout"`)
				w.outcome(`[2]`, `"error":"timeout"`)
				w.store("a", `[2]`)
			},
			"acked 0, in place 0, moved 0, missing 0, twice 0, unanswered 1/2, refused 0/0, unknown 0, stored 1, damaged 0", false, false,
		},
		{
			"unanswered, stored twice", func(w *world) { w.outcome(`[1]`, `"error":"timeout"`); w.store("a", `[1]`); w.store("b", `[1]`) },
			"acked 0, in place 0, moved 0, missing 0, twice 1, unanswered 1/1, refused 0/0, unknown 0, stored 2, damaged 0", false, false,
		},
		{
			"refused", func(w *world) {
				w.outcome(`[1]`, `"status":503,"response":"no"`)
				w.outcome(`[2]`, `"status":503`)
				w.store("a", `[2]`)
			},
			"acked 0, in place 0, moved 0, missing 0, twice 0, unanswered 0/0, refused 1/2, unknown 0, stored 1, damaged 0", false, false,
		},
		{
			"unknown", func(w *world) { w.store("a", `[1]`); w.store("a", `[1]`) },
			"acked 0, in place 0, moved 0, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 2, stored 2, damaged 0", false, false,
		},
		{
			"long lines", func(w *world) {
				w.put(`["`+strings.Repeat("x", 1<<20)+`"]`, "a")
				w.put(`["`+strings.Repeat("x", 64<<10)+`"]`, "a")
				w.put(`[1]`, "a")
			},
			"acked 3, in place 3, moved 0, missing 0, twice 0, unanswered 0/0, refused 0/0, unknown 0, stored 3, damaged 0", false, true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.make(w)
			r := w.verify(t)
			if got := r.figures(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if r.Lost() != test.lost || r.Exact() != test.exact {
				t.Errorf("got lost %v, exact %v, want %v, %v", r.Lost(), r.Exact(), test.lost, test.exact)
			}
		})
	}
}

// What is compared file by file is the same as if it were compared in memory.
func TestRandomWorldsAreComparedAsInMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		w := newWorld(t)
		acked, stored, places := map[string]int{}, map[string]int{}, map[string]bool{}
		inPlace, n := 0, 200
		for i := range n {
			data, segment := fmt.Sprintf("[%d]", i), fmt.Sprint("s", random.IntN(5))
			switch random.IntN(10) {
			case 0: // lost
				w.ack(data, segment, 1_000_000+i)
				acked[data]++
			case 1: // stored once more
				w.store(segment, data)
				stored[data]++
				fallthrough
			default:
				place := w.store(segment, data)
				w.ack(data, segment, place)
				places[fmt.Sprint(segment, place)] = true
				acked[data]++
				stored[data]++
				inPlace++
			}
		}
		missing, twice := 0, 0
		for data := range maps.Keys(acked) {
			missing += max(0, acked[data]-stored[data])
			twice += max(0, stored[data]-acked[data])
		}
		r := w.verify(t)
		want := fmt.Sprintf("acked %d, in place %d, moved 0, missing %d, twice %d, unanswered 0/0, refused 0/0, unknown 0, stored %d, damaged 0",
			n, inPlace, missing, twice, inPlace+twice)
		if got := r.figures(); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		if len(r.Examples[Missing]) != missing || len(r.Examples[Twice]) != twice {
			t.Errorf("got %d and %d examples, want %d and %d", len(r.Examples[Missing]), len(r.Examples[Twice]), missing, twice)
		}
		for _, p := range r.Examples[Twice] {
			if places[fmt.Sprint(p.Segment, p.Offset)] {
				t.Errorf("%v is where it should be", p)
			}
		}
	}
}

func TestDamagedSegmentsAreToldAndTheOthersRead(t *testing.T) {
	w := newWorld(t)
	w.put(`[1]`, "whole")
	w.store("torn", `[2]`)
	w.segments["torn"].WriteString(`{"version":"1","tenant":"demo","da`)
	w.store("nojson", `[3]`)
	w.segments["nojson"].WriteString("nonsense\n")
	w.segments["nodata"] = bytes.NewBufferString(`{"version":"1","tenant":"demo"}` + "\n")
	w.store("cut", `["`+strings.Repeat("a", 100_000)+`"]`)
	w.write(t)
	name := filepath.Join(w.dir, "cut"+Suffix)
	if err := os.Truncate(name, 30); err != nil {
		t.Fatal(err)
	}
	delete(w.segments, "cut")
	w.file(t, "noise"+Suffix, []byte("not zstd"))
	w.file(t, "empty"+Suffix, nil)
	w.file(t, "other.tmp", nil)
	r := w.verify(t)
	if r.InPlace != 1 || r.Stored != 3 || r.Objects != 7 || r.Others != 1 || !r.Lost() {
		t.Errorf("got %s, %d objects, %d others", r.figures(), r.Objects, r.Others)
	}
	damaged := strings.Join(r.Damaged, "\n")
	for _, want := range []string{"torn" + Suffix + ": the line at 43: its end is missing", "nojson" + Suffix + ": the line at 43", "nodata" + Suffix, "cut" + Suffix, "noise" + Suffix} {
		if !strings.Contains(damaged, want) {
			t.Errorf("%q isn't among the damaged:\n%s", want, damaged)
		}
	}
}

func TestOutcomesThatCannotBeReadAreAnError(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for _, line := range []string{
		"nonsense\n", "{}\n", `{"seq":1,"sha256":"ab","status":202}` + "\n", `{"seq":1,"sha256":"` + sum + "cd" + `","error":"x"}` + "\n",
		`{"seq":1,"sha256":"` + sum + `"}` + "\n", `{"seq":1,"sha256":"` + sum + `","status":202,"response":"ok"}` + "\n",
		`{"seq":1,"sha256":"` + sum + `","status":202,"response":{"segment":"a"}}` + "\n",
	} {
		if r, err := Verify(t.Context(), []io.Reader{strings.NewReader(line)}, Dir(t.TempDir()), 0); err == nil {
			t.Errorf("%q was read: %s", line, r.figures())
		}
	}
	torn := `{"seq":1,"sha256":"` + sum + `","error":"x"}` + "\n" + `{"seq":2,"sha`
	if r, err := Verify(t.Context(), []io.Reader{strings.NewReader(torn)}, Dir(t.TempDir()), 0); err != nil || r.Unanswered != 1 {
		t.Errorf("a torn last line: %v", err)
	}
}

// Of 30,000 payloads, both sides would take 3.4 MB as entries.
func TestMemoryDoesNotGrowWithThePayloads(t *testing.T) {
	w := newWorld(t)
	const n = 30_000
	for i := range n {
		w.put(fmt.Sprintf("[%d]", i), fmt.Sprint("s", i/500))
	}
	w.write(t)
	w.segments = nil
	outcomes := w.outcomes.Bytes()
	before := heap()
	o := &watched{Objects: Dir(w.dir)}
	r, err := Verify(t.Context(), []io.Reader{bytes.NewReader(outcomes)}, o, 10)
	if err != nil || !r.Exact() || r.Acked != n {
		t.Fatalf("got %v, %v", r, err)
	}
	runtime.KeepAlive(w) // whose outcomes are in before
	if o.opened != n/500 || o.heap-before > 2<<20 {
		t.Errorf("got %d KiB on the heap when the last of %d segments was opened, want less than 2 MiB", (o.heap-before)>>10, o.opened)
	}
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // for what the first found in pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A watched store looks at the heap when its last object is opened.
type watched struct {
	Objects
	opened int
	heap   int64
}

func (w *watched) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	w.opened++
	if w.opened == 60 {
		w.heap = heap()
	}
	return w.Objects.Open(ctx, name)
}

func TestNothingIsLeftOfTheTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	w := newWorld(t)
	w.put(`[1]`, "a")
	w.verify(t)
	if left, err := os.ReadDir(dir); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "ingest-verify-") }) {
		t.Errorf("left: %v, %v", left, err)
	}
}
