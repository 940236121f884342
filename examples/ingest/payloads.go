package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// maxToken is the maximum length of a token.
const maxToken = 256

// A sink is what payloads are appended to. Append returns the place of the record once it
// is durable.
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
	place, err := s.sink.Append(ctx, []byte(`{"version":`), version, owner.member, in.Data.text, []byte("}\n"))
	if err != nil {
		return response, s.refusal(err)
	}
	s.accepted.Add(1)
	response.Body = receipt{in.Data.count, place.Segment, place.Offset}
	return response, nil
}

// quote returns a string as JSON.
func quote(text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return json.Marshal(text)
		}
	}
	return append(append(append(make([]byte, 0, len(text)+2), '"'), text...), '"'), nil
}

// refusal returns the error that the client gets for a payload that isn't kept.
func (s *service) refusal(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, queue.ErrTooLong):
		return errTooLong
	}
	s.refused.Add(1)
	switch {
	case errors.Is(err, spool.ErrFull):
		return errFull
	case errors.Is(err, spool.ErrBusy):
		return errBusy
	}
	return errUnwritten // the log says why, once
}

// refuses returns the error for a client whose payload can't be kept, before the payload is
// read.
func (s *service) refuses(length int64) error {
	if s.spool == nil {
		return nil
	}
	if err := s.spool.Refuses(length); err != nil {
		return s.refusal(err)
	}
	return nil
}

// The errors of the API.
var (
	errUnknownToken = tigertonic.Problem{
		Status: http.StatusUnauthorized, Detail: "the token isn't known",
		Header: http.Header{"Www-Authenticate": {`Token realm="ingest"`}}, // RFC 9110 §15.5.2
	}
	errTooLong   = tigertonic.RequestEntityTooLarge{Err: queue.ErrTooLong}
	errNoSegment = tigertonic.NotFound{Err: errors.New("there is no such segment, or it was stored long ago")}
	errFull      = unavailable("the spool is full: the store hasn't taken what is in it")
	errBusy      = unavailable("too many payloads are waiting to be written")
	errHeavy     = unavailable("too many long payloads are in progress")
	errUnwritten = unavailable("the payload can't be kept at the moment")
)

// unavailable returns an error after which clients try again.
func unavailable(detail string) tigertonic.Problem {
	return tigertonic.Problem{
		Status: http.StatusServiceUnavailable, Detail: detail,
		Header: http.Header{"Retry-After": {"1"}},
	}
}
