package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/client"
)

// write puts documents into a directory.
func write(t *testing.T, dir string, docs map[string]string) {
	t.Helper()
	for id, text := range docs {
		if err := os.WriteFile(filepath.Join(dir, fileOf(id)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Later documents override the leaves of earlier ones, also where one has an object and the
// other a value, and each leaf is known by where it is from.
func TestDocumentsAreMergedInOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"H2:BASE": `{"a":{"x":1,"y":[1,2]},"b":{"c":{"d":1}},"e":1}`, "H2:BASE:svc": `{"a":{"y":3},"e":{"f":2}}`, "H2:REGION:ie": `{"b":{"c":null}}`,
	})
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ids     []string
		path    string
		want    string
		origins map[string]string
	}{
		{[]string{"H2:BASE"}, "", `{"a":{"x":1,"y":[1,2]},"b":{"c":{"d":1}},"e":1}`, map[string]string{"a.x": "H2:BASE", "a.y": "H2:BASE", "b.c.d": "H2:BASE", "e": "H2:BASE"}},
		{
			[]string{"H2:BASE,H2:BASE:svc", "H2:REGION:ie", "H2:REGION:none"},
			"", `{"a":{"x":1,"y":3},"b":{"c":null},"e":{"f":2}}`,
			map[string]string{"a.x": "H2:BASE", "a.y": "H2:BASE:svc", "b.c": "H2:REGION:ie", "e.f": "H2:BASE:svc"},
		},
		{[]string{"H2:BASE:svc", "H2:BASE"}, "a.y", `[1,2]`, map[string]string{"a.y": "H2:BASE"}},
		{[]string{"H2:BASE:svc", "H2:BASE"}, "e", `1`, map[string]string{"e": "H2:BASE"}},
		{[]string{"H2:BASE"}, "a.x.z", `null`, map[string]string{"a.x.z": ""}},
	} {
		in := &CompileIn{tt.ids, tt.path}
		c, err := s.Compile(t.Context(), in)
		if err != nil || string(c.Config) != tt.want {
			t.Errorf("%v: got %s, %v", in, c.Config, err)
		}
		x, err := s.Explain(t.Context(), in)
		if err != nil || x.Hash != c.Hash {
			t.Errorf("%v: got %+v, %v", in, x, err)
		}
		got := map[string]string{}
		for path, leaf := range x.Leaves {
			got[path] = leaf.Origin
		}
		if !maps.Equal(got, tt.origins) {
			t.Errorf("%v: got %v, want %v", in, got, tt.origins)
		}
	}
}

// An update says why, is listed, written to its file, and read as it was written.
func TestUpdatesAreAudited(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"H2:BASE": `{"a":1}`})
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := client.New("http://config.test", client.Options{Transport: client.InProcess(s.Handler())})
	if _, err := client.Call(t.Context(), c, Update, &UpdateIn{"H2:BASE", NewDoc{Config: map[string]any{"a": 2}, By: "ann"}}); err == nil {
		t.Error("it needs no message")
	}
	change, err := client.Call(t.Context(), c, Update, &UpdateIn{"H2:BASE", NewDoc{map[string]any{"a": 3}, "three is better", "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := client.Call(t.Context(), c, Audit, nil); err != nil || !slices.Equal(list, []Change{change}) || change.By != "ann" {
		t.Errorf("got %+v, %v", list, err)
	}
	for range 2 {
		if got, err := s.Compile(t.Context(), &CompileIn{IDs: []string{"H2:BASE"}}); err != nil || string(got.Config) != `{"a":3}` {
			t.Errorf("got %s, %v", got.Config, err)
		}
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
	}
}

// What is built in is good, and a watcher keeps the last version that was while the service
// has none that can be decoded, or that its check takes.
func TestWatcherKeepsTheLastGoodVersion(t *testing.T) {
	type settings struct {
		Cycle float64 `json:"cycleSeconds"`
	}
	w := Watch("svc", "ie", "hailo.service.job", func(s *settings) error {
		if s.Cycle <= 0 {
			return errors.New("it must be positive")
		}
		return nil
	})
	dir := t.TempDir()
	doc := func(cycle string) {
		write(t, dir, map[string]string{"H2:BASE": `{"hailo":{"service":{"job":{"cycleSeconds":` + cycle + `}}}}`})
	}
	doc("5")
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := client.New("http://config.test", client.Options{Transport: client.InProcess(s.Handler())})
	for _, tt := range []struct {
		cycle string
		want  float64
		good  bool
	}{{"5", 5, true}, {`"x"`, 5, false}, {"-1", 5, false}, {"7", 7, true}} {
		doc(tt.cycle)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		err := w.Look(context.WithoutCancel(t.Context()), c)
		hash, known := w.Hash()
		if w.Get().Cycle != tt.want || (err == nil) != tt.good || (known == nil) != tt.good || hash == "" {
			t.Errorf("%s: got %v, %v", tt.cycle, w.Get().Cycle, err)
		}
	}
}

// What was merged is kept until a document changes, and not for those who ask for one part
// after the other, or for long ones.
func TestMergedPartsAreKeptAndForgotten(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"H2:BASE": `{"a":{"x":1}}`})
	s, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	compile := func(path string, ids ...string) string {
		c, err := s.Compile(t.Context(), &CompileIn{ids, path})
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Config)
	}
	for range 2 {
		if got := compile("a.x", "H2:BASE"); got != "1" || len(s.merged) != 1 {
			t.Errorf("got %s, and %d are kept", got, len(s.merged))
		}
	}
	write(t, dir, map[string]string{"H2:BASE": `{"a":{"x":2}}`})
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := compile("a.x", "H2:BASE"); got != "2" {
		t.Errorf("got %s", got)
	}
	for i := range 3 * mostMerged {
		compile(fmt.Sprint("a.", i), "H2:BASE")
	}
	if len(s.merged) > mostMerged {
		t.Errorf("%d parts are kept", len(s.merged))
	}
	before := len(s.merged)
	compile("a", strings.Repeat("H2:BASE,", mostOfIDs))
	if len(s.merged) != before {
		t.Error("a long part is kept")
	}
}
