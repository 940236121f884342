package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// maxToken is how long a token may be.
const maxToken = 256

// A sink is what payloads are appended to. Append returns where the record is once it
// is there to stay.
type sink interface {
	Append(ctx context.Context, parts ...[]byte) (spool.Place, error)
}

// A payload is what clients post.
type payload struct {
	Version string `json:"version" minLength:"1" maxLength:"64" doc:"Of the form of the data, which is the client's own." example:"1"`
	Token   string `json:"token" maxLength:"256" doc:"The secret of who posts it." example:"s3cret"`
	Data    batch  `json:"data" doc:"What is to be kept: the objects, as they are."`
}

// A receipt is the acknowledgement of a payload.
type receipt struct {
	Accepted int    `json:"accepted" doc:"How many objects were in the data." example:"3"`
	Segment  string `json:"segment" doc:"What the payload is a line of. With a queue, the name of the stream." example:"20261120T145401123Z-1f0c9a3e"`
	Offset   int64  `json:"offset" doc:"At which byte of the segment the line begins. With a queue, its number in the stream." example:"4096"`
}

// accept acknowledges a payload once it is in the sink.
func (s *service) accept(ctx context.Context, in *payload) (tigertonic.AcceptedResponse[receipt], error) {
	var response tigertonic.AcceptedResponse[receipt]
	owner, ok := s.tokens.find(in.Token)
	if !ok {
		return response, errUnknownToken
	}
	version, err := quote(in.Version)
	if err != nil {
		return response, err
	}
	place, err := s.sink.Append(ctx, recordBegin, version, owner.member, in.Data.text, recordEnd)
	if err != nil {
		return response, refusal(err)
	}
	s.objects.Add(int64(in.Data.count))
	response.Body = receipt{in.Data.count, place.Segment, place.Offset}
	return response, nil
}

var (
	recordBegin = []byte(`{"version":`)
	recordEnd   = []byte("}\n")
)

// quote returns a string as JSON.
func quote(text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return json.Marshal(text)
		}
	}
	return append(append(append(make([]byte, 0, len(text)+2), '"'), text...), '"'), nil
}

// refusal returns what the client is told of a payload that isn't kept.
func refusal(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, spool.ErrFull):
		return errFull
	case errors.Is(err, spool.ErrBusy):
		return errBusy
	}
	return errUnwritten // why is in the log, once
}

// The errors of the API.
var (
	errUnknownToken = tigertonic.Unauthorized{Err: errors.New("the token isn't known")}
	errNoSegment    = tigertonic.NotFound{Err: errors.New("there is no such segment, or it was stored long ago")}
	errFull         = unavailable("the spool is full: the store hasn't taken what is in it")
	errBusy         = unavailable("there are too many payloads to be written")
	errUnwritten    = unavailable("the payload can't be kept at the moment")
)

func unavailable(detail string) tigertonic.Problem {
	return tigertonic.Problem{Status: http.StatusServiceUnavailable, Detail: detail}
}
