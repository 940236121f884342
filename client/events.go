package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/call"
)

// Server-sent events (HTML §9.2). Our streams end with an event called end, or problem
// after a failure; the ID of that event is end if the client shouldn't reconnect. A stream
// that just stops was interrupted.

const (
	endEvent     = "end"
	problemEvent = "problem"
	lastID       = "end"
)

// errInterrupted is the error of a stream of events that just stops.
var errInterrupted = fmt.Errorf("the stream was interrupted: %w", io.ErrUnexpectedEOF)

// An eventReader reads values from the data of a stream's events.
type eventReader struct {
	response *http.Response
	reader   *bufio.Reader
	limited  *limitedReader
	output   *call.Output
	inCR     bool // the last line ended in a CR, and an LF may follow
	line     []byte
	data     []byte
	began    bool

	id    string        // of the last event with one
	own   string        // of this event, or ""
	retry time.Duration // what the service has asked for, or 0
	asked time.Duration // in this event, or 0
	final bool          // don't reconnect
}

func newEventReader(rs *http.Response, limited *limitedReader, o *call.Output) *eventReader {
	return &eventReader{response: rs, reader: bufio.NewReader(limited), limited: limited, output: o}
}

func (e *eventReader) next(into any) error {
	for {
		name, err := e.event()
		if err != nil {
			return err
		}
		switch name {
		case endEvent:
			e.final = true
			return io.EOF
		case problemEvent:
			e.final = e.final || e.id == lastID
			return e.problem()
		case "message":
			name = ""
		}
		if name != "" && !e.output.Named && !e.output.AnyName {
			continue // it is for somebody else
		}
		data := e.output.SetEvent(into, name, e.own, e.asked)
		if data == nil {
			continue // as are those that the client doesn't know yet
		}
		if err := json.Unmarshal(e.data, data, e.output.Options); err != nil {
			return fmt.Errorf("an event can't be read: %w", err)
		}
		return nil
	}
}

// problem returns the error in the event's data.
func (e *eventReader) problem() error {
	var status struct {
		Status int `json:"status"`
	}
	_ = json.Unmarshal(e.data, &status) // what isn't one has no status
	if status.Status < 400 || status.Status > 999 {
		status.Status = http.StatusInternalServerError
	}
	failure := newError(e.response.Request, errors.New("")).withResponse(e.response)
	failure.Status, failure.Body = status.Status, append([]byte(nil), e.data...)
	failure.read("application/problem+json", e.data)
	return failure
}

// event reads up to the end of the next event with data, leaves the data in e.data, and
// returns the event's name. It skips other events, as browsers do.
func (e *eventReader) event() (name string, err error) {
	e.data, e.own, e.asked = e.data[:0], "", 0
	has := false
	for e.limited.renew(); ; {
		if err := e.readLine(); err != nil {
			return "", err
		}
		if len(e.line) == 0 {
			if has {
				return name, nil
			}
			name, e.own, e.asked = "", "", 0
			e.limited.renew()
			continue
		}
		field, value, _ := strings.Cut(string(e.line), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			if has {
				e.data = append(e.data, '\n')
			}
			e.data, has = append(e.data, value...), true
			if int64(len(e.data)) > e.limited.max {
				return "", errTooLong(e.limited.max)
			}
		case "id":
			if strings.IndexByte(value, 0) < 0 {
				e.id, e.own = value, value
			}
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
				e.asked = time.Duration(ms) * time.Millisecond
				e.retry = e.asked
			}
		case "": // a comment
			if !has {
				e.limited.renew()
			}
		}
	}
}

// readLine reads a line into e.line, which ends in CR, LF or both.
func (e *eventReader) readLine() error {
	e.line = e.line[:0]
	for {
		c, err := e.reader.ReadByte()
		switch {
		case err == io.EOF:
			return errInterrupted
		case err != nil:
			return e.limited.wrong(err)
		}
		afterCR := e.inCR
		e.inCR = c == '\r'
		switch {
		case c == '\n' && afterCR:
			continue
		case c == '\n' || c == '\r':
			if !e.began {
				e.began = true
				e.line = []byte(strings.TrimPrefix(string(e.line), "\uFEFF"))
			}
			return nil
		}
		e.line = append(e.line, c)
	}
}
