// Package openapitest holds a document to the file that it is kept in, and tells
// which changes break clients.
package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/openapi"
)

// update is the environment variable that makes [Golden] write.
const update = "UPDATE_GOLDEN"

// Golden fails the test if the document isn't what the file at path has. It says
// what has changed, first what breaks clients, each change with the operation
// and the place in it.
//
// If the environment variable UPDATE_GOLDEN isn't empty, it writes the file
// instead, and the directory if need be. Keep the file with the sources, and the
// history of the API is theirs.
//
// A client is taken to ignore members of a response that it doesn't know, and to
// be able to meet any status of an error. It isn't taken to cope with values that
// a response couldn't have before.
func Golden(t testing.TB, doc *openapi.Document, path string) {
	t.Helper()
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
