package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// compared are the modules that are compared, and those that they are built on.
func compared() []string {
	return []string{
		"github.com/bytedance/sonic",
		"github.com/danielgtaylor/huma/v2",
		"github.com/gin-gonic/gin",
		"github.com/go-chi/chi/v5",
		"github.com/go-json-experiment/json",
		"github.com/go-playground/validator/v10",
		"github.com/goccy/go-json",
		"github.com/gofiber/fiber/v3",
		"github.com/gorilla/mux",
		"github.com/julienschmidt/httprouter",
		"github.com/labstack/echo/v5",
		"github.com/prometheus/client_golang",
		"github.com/rcrowley/go-metrics",
		"github.com/rs/cors",
		"github.com/uptrace/bunrouter",
		"github.com/valyala/fasthttp",
		"golang.org/x/perf",
	}
}

// config describes the run. The versions are those in this binary.
func (o *options) config(ctx context.Context) (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("the binary doesn't know what it is made of")
	}
	versions := map[string]string{}
	for _, module := range info.Deps {
		versions[module.Path] = module.Version
	}
	var w strings.Builder
	fmt.Fprintf(&w, "date: %s\n", time.Now().UTC().Format(time.DateOnly))
	fmt.Fprintf(&w, "commit: %s\n", commit(ctx))
	fmt.Fprintf(&w, "go: %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&w, "processors: %d\n", runtime.NumCPU())
	fmt.Fprintf(&w, "rounds: %d\n", o.rounds)
	fmt.Fprintf(&w, "benchtime: %v, %v over loopback\n", o.benchtime, o.loadtime)
	for i, path := range compared() {
		version, ok := versions[path]
		if !ok {
			return "", fmt.Errorf("%s isn't in the binary", path)
		}
		fmt.Fprintf(&w, "module-%02d: %s %s\n", i, path, version)
	}
	return w.String(), nil
}

// commit returns the commit that is checked out, if it is known.
func commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
