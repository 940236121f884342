// Cab is the back end of a taxi company, like Hailo's in 2014: a thin API, a dozen small
// services that call each other, and a trace of every call. The services run in one
// process, or in several on a bus, without a line changed.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/rcrowley/go-tigertonic"
)

const version = "1.0.0"

// garbage is the target of the garbage collector, in percent of the memory in use, unless
// GOGC is set. It is higher than Go's default because little memory is in use, and what a
// request allocates is soon garbage.
const garbage = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	level := new(slog.LevelVar)
	lines := tigertonic.NewBufferedJSONHandler(os.Stderr, &tigertonic.BufferedJSONOptions{HandlerOptions: slog.HandlerOptions{Level: level}})
	slog.SetDefault(slog.New(lines))
	o, err := parseOptions(os.Args[1:])
	if err == nil {
		err = serve(context.Background(), o, level)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		slog.Error("cab stopped with an error", "error", err)
	}
	_ = lines.Close() // there is nowhere else to say that standard error is gone
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		os.Exit(1)
	}
}
