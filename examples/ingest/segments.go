package main

import (
	"context"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// A segment is a file of payloads, one a line, and then an object.
type segment struct {
	ID       string    `json:"id" doc:"Its ID. The IDs rise with time." example:"20261120T145401123Z-1f0c9a3e"`
	State    string    `json:"state" enum:"open,waiting,uploading,stored" doc:"What becomes of it."`
	Payloads int64     `json:"payloads" doc:"How many are in it." example:"52000"`
	Bytes    int64     `json:"bytes" doc:"How long it is." example:"16776800"`
	Stored   int64     `json:"stored,omitzero" doc:"How long the object is, once it is stored." example:"3100200"`
	Failures int       `json:"failures,omitzero" doc:"How often it couldn't be uploaded."`
	Began    time.Time `json:"began" doc:"When its first payload came or, of one that was left by another process, its last."`
	Changed  time.Time `json:"changed" doc:"Since when it is in its state."`
}

func newSegment(i spool.Info) segment {
	return segment{i.ID, string(i.State), i.Records, i.Bytes, i.Stored, i.Failures, i.Began.UTC(), i.Changed.UTC()}
}

type oneSegment struct {
	ID string `path:"id" pattern:"^[0-9A-Za-z_-]{1,64}$" doc:"Its ID." example:"20261120T145401123Z-1f0c9a3e"`
}

type segmentPage struct {
	Before string `query:"before" pattern:"^[0-9A-Za-z_-]{0,64}$" doc:"Only those that are older than this one." example:"20261120T145401123Z-1f0c9a3e"`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"How many at most."`
}

// listSegments returns the newest segments.
func (s *service) listSegments(_ context.Context, in *segmentPage) ([]segment, error) {
	if s.spool == nil {
		return []segment{}, nil
	}
	return segments(s.spool.List(in.Before, in.Limit)), nil
}

func (s *service) showSegment(_ context.Context, in *oneSegment) (segment, error) {
	if s.spool == nil {
		return segment{}, errNoSegment
	}
	info, ok := s.spool.Find(in.ID)
	if !ok {
		return segment{}, errNoSegment
	}
	return newSegment(info), nil
}
