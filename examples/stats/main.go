// Stats is a service that counts, as StatHat did: a call counts something, a page shows
// it, and an alert fires. It stores in SQLite or PostgreSQL, acknowledges nothing before
// it is durable, and works with StatHat's clients unchanged.
//
// Usage:
//
//	stats [flags]                        serves
//	stats account -email ADDRESS [flags] creates an account
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

const version = "1.0.0"

func main() {
	level := new(slog.LevelVar)
	lines := tigertonic.NewBufferedJSONHandler(os.Stderr, &tigertonic.BufferedJSONOptions{HandlerOptions: slog.HandlerOptions{Level: level, ReplaceAttr: withoutSecrets}})
	slog.SetDefault(slog.New(lines))
	err := run(context.Background(), os.Args[1:], level)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		slog.Error("stats has failed", "error", err)
	}
	_ = lines.Close() // there is nowhere else to say that standard error is gone
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		os.Exit(1)
	}
}

// run runs a command until it is over or the process is told to stop.
func run(ctx context.Context, args []string, level *slog.LevelVar) error {
	command := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	o, err := parseOptions(command, args)
	if err != nil {
		return err
	}
	switch command {
	case "":
		return serve(ctx, o, level)
	case "account":
		return makeAccount(ctx, o)
	}
	return fmt.Errorf("unknown command %q", command)
}

// withoutSecrets has the log show paths without the tokens and keys in them.
func withoutSecrets(_ []string, attr slog.Attr) slog.Attr {
	if attr.Key == "path" && attr.Value.Kind() == slog.KindString {
		attr.Value = slog.StringValue(withoutSecret(attr.Value.String()))
	}
	return attr
}

// secretLength is what no name in a path is as long as, and every token and key is.
const secretLength = 20

// withoutSecret returns a path without the tokens and keys in it, however it is spelt.
func withoutSecret(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if len(segment) >= secretLength {
			segments[i] = "REDACTED"
		}
	}
	return strings.Join(segments, "/")
}
