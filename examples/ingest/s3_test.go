package main

import (
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/s3test"
)

// What was acknowledged while an S3 answered 500 is there once it is well.
func TestPayloadsGoToS3(t *testing.T) {
	server := s3test.Start(t)
	r := start(t, flags(t, "-store", server.Store, "-segment-bytes", "2KiB"))
	lines, refusal := r.posts(t, 20)
	if refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	server.Fail(true)
	more, refusal := r.posts(t, 50)
	if refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	until(t, "uploads have failed", func() bool { return r.pipeline.spool.Stats().Failures > 5 })
	server.Fail(false)
	r.holds(t, append(lines, more...))
}
