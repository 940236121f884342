package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// binary is the service as built by TestMain.
var binary string

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	dir, err := os.MkdirTemp("", "wallet")
	if err == nil {
		binary = filepath.Join(dir, "wallet")
		err = processtest.Build(binary, ".")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(contract.Covered(m, promised()),
		goleak.Cleanup(func(code int) {
			if err := os.RemoveAll(dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(code)
		}))
}
