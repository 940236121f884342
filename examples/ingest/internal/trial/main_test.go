// Package trial has tests of the service as a process, under load: what it takes,
// what it holds meanwhile, and what is in the store after it was stopped, restarted
// and killed. They are short as part of "make test"; "make ingest" gives them the
// size that the README tells of.
package trial

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

var full = flag.Bool("full", false, "a million payloads in a minute, twenty faults of each kind, 5,000 clients")

// binary is the service as built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ingest")
	if err == nil {
		binary = filepath.Join(dir, "ingest")
		err = processtest.Build(binary, "github.com/rcrowley/go-tigertonic/examples/ingest")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}))
}

// parallel has a test run beside others, unless it measures.
func parallel(t *testing.T) {
	t.Helper()
	if !*full {
		t.Parallel()
	}
}
