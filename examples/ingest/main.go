// Ingest is a service that takes JSON payloads, a million per minute and more, and puts
// them into an object store. It never loses what it has acknowledged: not when it is
// killed, not when the store is down for an hour, and not when the disk is full.
//
// Usage:
//
//	ingest [flags]          serves
//	ingest worker [flags]   puts what is in a queue into a store
//	ingest verify [flags]   compares what was acknowledged with what is in a store
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/verify"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

const version = "1.0.0"

func main() {
	level := new(slog.LevelVar)
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	command, args := "", os.Args[1:]
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	ctx := context.Background()
	if command == "verify" {
		os.Exit(verify.Main(ctx, args, os.Stdout, os.Stderr, openObjects))
	}
	err := run(ctx, command, args, level)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		slog.Error("ingest has failed", "error", err)
		os.Exit(1)
	}
}

// run runs a command until it is done or the process is told to stop.
func run(ctx context.Context, command string, args []string, level *slog.LevelVar) error {
	switch command {
	case "", "worker":
		o, err := parseOptions(command, args)
		switch {
		case err != nil:
			return err
		case command == "worker":
			return work(ctx, o)
		}
		return serve(ctx, o, level)
	}
	return fmt.Errorf("unknown command %q", command)
}

// openObjects opens the objects of a store for reading.
func openObjects(where string) (verify.Objects, error) {
	if objects.IsS3(where) {
		return objects.OpenS3(where)
	}
	return verify.Dir(where), nil
}
