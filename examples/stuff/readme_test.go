package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

var adminURL = regexp.MustCompile(`for operators: http://([^/]+)/`)

func TestREADMESaysHowLongTheServiceIs(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, file := range []string{"main.go", "classic.go", "typed.go", "store.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(source, []byte("\n"))
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("a service of %d lines", lines); !strings.Contains(string(readme), want) || lines >= 450 {
		t.Errorf("want %q in the README, and less than 450", want)
	}
}

// Each way of running the page's curl lines starts a service of its own.
func TestREADMEShowsWhatCurlPrints(t *testing.T) {
	docstest.Console(t, "README.md", func(t *testing.T) docstest.Service {
		p := start(t, "-admin", "127.0.0.1:0")
		p.waitFor(t, "where operators look", func(string) bool { return strings.Contains(p.printed.String(), "for operators: ") })
		inside := adminURL.FindStringSubmatch(p.printed.String())[1]
		return docstest.Service{
			Address: p.address,
			Replace: map[string]string{p.password: "PASSWORD", inside: "127.0.0.1:8001", fmt.Sprintf("process %d", p.cmd.Process.Pid): "process 4711"},
			Prints:  map[string]string{"go -C examples run ./stuff": p.printed.String()},
		}
	})
}
