package verify

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An outcome is a line of the load generator's -acked.
type outcome struct {
	Seq      int64          `json:"seq"`
	SHA256   string         `json:"sha256"`
	Status   int            `json:"status"`
	Error    string         `json:"error"`
	Response jsontext.Value `json:"response"`
}

// A receipt is the service's acknowledgement.
type receipt struct {
	Segment string `json:"segment"`
	Offset  *int64 `json:"offset"`
}

func (s *sides) readOutcomes(ctx context.Context, r *Report, from io.Reader) error {
	lines := bufio.NewReaderSize(from, 64<<10)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) { // a line without an end was being written when its writer was killed
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		var e entry
		if err == nil {
			e, err = s.outcome(line)
		}
		if err == nil {
			err = s.add(&e)
		}
		if err != nil {
			return fmt.Errorf("acknowledgements, line %d: %w", n, err)
		}
		switch e.kind {
		case ackedEntry:
			r.Acked++
		case unansweredEntry:
			r.Unanswered++
		case refusedEntry:
			r.Refused++
		}
	}
}

// outcome turns a line into an entry.
func (s *sides) outcome(line []byte) (entry, error) {
	var o outcome
	if err := json.Unmarshal(line, &o); err != nil {
		return entry{}, err
	}
	e := entry{seq: o.Seq, kind: refusedEntry}
	if n, err := hex.Decode(e.sum[:], []byte(o.SHA256[:min(len(o.SHA256), 2*sumSize)])); err != nil || n != sumSize || len(o.SHA256) != 2*sumSize {
		return entry{}, fmt.Errorf("sha256 is %q", o.SHA256)
	}
	switch {
	case o.Error != "":
		e.kind = unansweredEntry
	case o.Status == http.StatusAccepted:
		var to receipt
		if err := json.Unmarshal(o.Response, &to); err != nil || to.Segment == "" || to.Offset == nil {
			return entry{}, fmt.Errorf("the response %s doesn't tell the segment and the offset", o.Response)
		}
		e.kind, e.segment, e.offset = ackedEntry, s.segment([]byte(to.Segment)), *to.Offset
	case o.Status == 0:
		return entry{}, errors.New("there is neither a status nor an error")
	}
	return e, nil
}
