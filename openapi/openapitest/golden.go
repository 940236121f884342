// Package openapitest compares a document with a file in a test, and says which
// changes break clients.
package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi"
)

// update is the environment variable that makes [Golden] write.
const update = "UPDATE_GOLDEN"

// Golden fails the test if the document differs from the file at path. It lists the
// changes, those that break clients first, each with the operation and the place in
// it.
//
// If the environment variable UPDATE_GOLDEN isn't empty, it writes the file instead,
// and creates the directory if necessary. Keep the file with the sources, so that
// their history is that of the API.
//
// Clients are expected to ignore unknown members of a response and to handle any error
// status, but not to handle values that a response couldn't have before.
//
// It also fails the test if nobody describes what a handler does, as
// [openapi.Document.Unknown] reports, unless the handler is allowed by name, such as
// "GET /health" or "/files/{...}"; and if an allowed handler is described.
func Golden(t testing.TB, doc *openapi.Document, path string, allowed ...string) {
	t.Helper()
	for _, problem := range unknown(doc, allowed) {
		t.Errorf("openapitest: %s", problem)
	}
	got := doc.JSON()
	want, err := os.ReadFile(path) //nolint:gosec // the test names the file
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err == nil && bytes.Equal(got, want):
	case err != nil && !missing:
		t.Errorf("openapitest: %v", err)
	case os.Getenv(update) != "":
		if err := write(path, got); err != nil {
			t.Errorf("openapitest: %v", err)
		}
	case missing:
		t.Errorf("openapitest: there is no %s yet: create it by\n\n%s", path, command(t))
	default:
		t.Errorf("openapitest: the document isn't what %s has.\n\n%s\nIf that is right, accept it by\n\n%s",
			path, report(want, got), command(t))
	}
}

// unknown returns what is wrong with a document that allows these of what it doesn't
// know.
func unknown(doc *openapi.Document, allowed []string) (problems []string) {
	left := slices.Clone(allowed)
	for _, u := range doc.Unknown() {
		isIt := func(name string) bool { return name == u.Name() }
		if slices.ContainsFunc(allowed, isIt) {
			left = slices.DeleteFunc(left, isIt)
			continue
		}
		cure := "wrap it in tigertonic.Described"
		if u.Opaque {
			cure = "wrap it in tigertonic.Described, or its middleware in tigertonic.Wrapped"
		}
		problems = append(problems, fmt.Sprintf("%s: %s, or allow it: Golden(t, doc, path, %q)", u, cure, u.Name()))
	}
	for _, name := range left {
		problems = append(problems, fmt.Sprintf("%q is allowed not to be described, but it is, or isn't there", name))
	}
	return problems
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as the sources beside it
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // likewise
}

// command returns what is to be typed for the file to be written.
func command(t testing.TB) string {
	test, _, _ := strings.Cut(t.Name(), "/")
	return fmt.Sprintf("\t%s=1 go test -run '^%s$'\n", update, test)
}

// Changes returns what has changed from one OpenAPI document in JSON to another, as
// [Golden] tells it: what breaks clients, and what doesn't. It is for comparing with what
// has been released, say.
func Changes(before, after []byte) (breaking, others []string, err error) {
	changes, err := compare(before, after)
	for _, c := range changes {
		if c.breaking {
			breaking = append(breaking, c.text)
		} else {
			others = append(others, c.text)
		}
	}
	return breaking, others, err
}

// report returns what has changed from one document to another, for people.
func report(before, after []byte) string {
	changes, err := compare(before, after)
	if err != nil {
		return fmt.Sprintf("What it has can't be compared: %v.\n", err)
	}
	if len(changes) == 0 {
		return "Nothing that a client could tell has changed.\n"
	}
	breaking, others := &strings.Builder{}, &strings.Builder{}
	for _, c := range changes {
		b := others
		if c.breaking {
			b = breaking
		}
		fmt.Fprintf(b, "\t%s\n", c.text)
	}
	var sections []string
	if breaking.Len() > 0 {
		sections = append(sections, "Breaks clients:\n"+breaking.String())
	}
	if others.Len() > 0 {
		sections = append(sections, "Breaks no client:\n"+others.String())
	}
	return strings.Join(sections, "\n")
}
