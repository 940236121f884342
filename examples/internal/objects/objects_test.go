package objects_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
	"github.com/rcrowley/go-tigertonic/examples/internal/s3test"
)

// names returns what is in a directory, also what is hidden.
func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestDirectoryHasWholeObjectsOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	s, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "one", strings.NewReader("first")); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("broken")))
	if err := s.Put(t.Context(), "two", broken); err == nil {
		t.Error("half an object was stored")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ended, "three", strings.NewReader("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.Put(t.Context(), "one", strings.NewReader("again")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"one"}) {
		t.Errorf("there is %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "one")); string(text) != "again" || err != nil {
		t.Errorf("got %q and %v", text, err)
	}
}

// What an attempt has left that was killed is in nobody's way.
func TestDirectoryWritesOverWhatWasLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".aside-one"), []byte("a long text that was left"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "one", strings.NewReader("first")); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"one"}) {
		t.Errorf("there is %q", got)
	}
}

func TestS3(t *testing.T) {
	server := s3test.Start(t)
	s, err := objects.OpenS3(server.Store)
	if err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 12<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(long)
	objects := map[string][]byte{"short": []byte("first"), "empty": {}, "a part": long[:5<<20], "long": long}
	for name, content := range objects {
		for range 2 { // the second time it is the same object
			if err := s.Put(t.Context(), name, onlyReader{bytes.NewReader(content)}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	if err := s.Put(t.Context(), "broken", io.MultiReader(bytes.NewReader(long[:6<<20]), iotest.ErrReader(errors.New("broken")))); err == nil {
		t.Error("half an object was stored")
	}
	server.Fail(true)
	if err := s.Put(t.Context(), "failed", strings.NewReader("text")); err == nil {
		t.Error("a server that fails has stored something")
	}
	server.Fail(false)
	found := map[string]bool{}
	for name, err := range s.Names(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found[name] = true
		r, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, objects[name]) {
			t.Errorf("%s: got %d bytes and %v, want %d", name, len(got), err, len(objects[name]))
		}
		r.Close()
	}
	if len(found) != len(objects) {
		t.Errorf("there is %v", found)
	}
}

// An onlyReader can't be rewound.
type onlyReader struct{ io.Reader }
