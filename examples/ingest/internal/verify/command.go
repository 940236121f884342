package verify

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Main is the command "ingest verify". It returns the exit status: 0 if everything that
// was acknowledged is in the store, 1 if not, and 2 if that couldn't be determined. Open
// opens the store that -store names.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer, open func(store string) (Objects, error)) int {
	f := flag.NewFlagSet("ingest verify", flag.ContinueOnError)
	f.SetOutput(stderr)
	var acked []string
	f.Func("acked", "a `file` that load has written by its -acked; may be repeated", func(s string) error {
		acked = append(acked, s)
		return nil
	})
	store := f.String("store", "", "the `store`: a directory, or s3://bucket/prefix")
	exact := f.Bool("exact", false, "the store must hold nothing else, and nothing twice")
	anywhere := f.Bool("anywhere", false, "it doesn't matter in which segment a payload is: with -queue, nobody knows\nwhen it is acknowledged")
	show := f.Int("show", 10, "how `many` examples of each kind to show")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	r, err := verifyFiles(ctx, acked, *store, *show, open)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "ingest verify:", err)
		return 2
	}
	r.Anywhere = *anywhere
	_, _ = io.WriteString(stdout, r.String())
	if r.Lost() || *exact && !r.Exact() {
		return 1
	}
	return 0
}

func verifyFiles(ctx context.Context, acked []string, store string, show int, open func(string) (Objects, error)) (*Report, error) {
	if len(acked) == 0 || store == "" || show < 0 {
		return nil, errors.New("-acked and -store have to be given, and -show must not be negative")
	}
	objects, err := open(store)
	if err != nil {
		return nil, err
	}
	var readers []io.Reader
	for _, name := range acked {
		file, err := os.Open(name) //nolint:gosec // the caller names the file
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() //nolint:gocritic // all of them are read at once below
		readers = append(readers, file)
	}
	return Verify(ctx, readers, objects, show)
}

// String is the report for people.
func (r *Report) String() string {
	w := &strings.Builder{}
	row := func(n int64, format string, args ...any) {
		fmt.Fprintf(w, "%14s  %s\n", number(n), fmt.Sprintf(format, args...))
	}
	row(r.Acked, "acknowledged:")
	row(r.InPlace, "  are where they were said to be, byte for byte")
	row(r.Moved, "  are elsewhere")
	row(r.Missing, "  are missing")
	row(r.Twice, "stored once more than asked for")
	row(r.Unanswered, "without a response (%s of them stored)", number(r.UnansweredStored))
	row(r.Refused, "refused (%s of them stored)", number(r.RefusedStored))
	row(r.Unknown, "stored, but not in the list of what was sent")
	row(r.Stored, "stored in all, in %s segments of %s bytes", number(int64(r.Objects)), number(r.Bytes))
	if r.Others > 0 {
		row(int64(r.Others), "objects that aren't segments by their names")
	}
	for _, name := range r.Damaged {
		fmt.Fprintln(w, "damaged:", name)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Examples)) {
		for _, place := range r.Examples[kind] {
			fmt.Fprintf(w, "%s: %v\n", kind, place)
		}
	}
	for _, segment := range slices.Sorted(maps.Keys(r.MissingIn)) {
		fmt.Fprintf(w, "segment %s lacks %s\n", segment, number(r.MissingIn[segment]))
	}
	switch {
	case r.Lost():
		fmt.Fprintln(w, "NOT ALL THERE")
	case r.Exact():
		fmt.Fprintln(w, "exactly what was acknowledged, each once")
	default:
		fmt.Fprintln(w, "everything that was acknowledged is there")
	}
	return w.String()
}

// number writes 1000020 as 1,000,020.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
