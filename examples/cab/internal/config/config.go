// Package config is com.hailocab.service.config: JSON documents, merged in the order in
// which they are named, so that a region's document has only what is different there. Later
// documents override the leaves of earlier ones, and explain says where each leaf comes
// from.
//
// Documents are files of a directory, or those that are built in. A file that can't be read
// as JSON leaves the last good version in force.
package config

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// Name is the service's.
const Name = "com.hailocab.service.config"

// The endpoints of the service.
//
//nolint:gochecknoglobals // declarations, which never change
var (
	Compile = tigertonic.Declare[CompileIn, Compiled]("GET", "/compile")
	Explain = tigertonic.Declare[CompileIn, Explained]("GET", "/explain")
	Update  = tigertonic.Declare[UpdateIn, Change]("PUT", "/update/{id}")
	Audit   = tigertonic.Declare[struct{}, []Change]("GET", "/audit")
)

// CompileIn says what to merge.
type CompileIn struct {
	IDs  []string `query:"ids" required:"true" minItems:"1" maxItems:"20" doc:"The documents, in the order in which they are merged, also separated by commas. Those that don't exist are empty." example:"H2:BASE,H2:REGION:ie"`
	Path string   `query:"path" maxLength:"200" doc:"A part of the result: names separated by dots." example:"hailo.features"`
}

// Compiled is the result of a merge.
type Compiled struct {
	Hash   string         `json:"hash" doc:"What it is known by: another text has another hash." example:"9f86d081884c7d65"`
	Config jsontext.Value `json:"config" doc:"The documents as one, or null if nothing is at the path."`
}

// Explained says where the parts of a configuration come from.
type Explained struct {
	Hash   string          `json:"hash" doc:"That of the whole."`
	Leaves map[string]Leaf `json:"leaves" doc:"Each leaf by its path."`
	Broken []string        `json:"broken" doc:"What can't be read, and so has its last good version."`
}

// A Leaf is a value that isn't an object.
type Leaf struct {
	Value  jsontext.Value `json:"value" doc:"What it is."`
	Origin string         `json:"origin" doc:"The document that it is from." example:"H2:BASE"`
}

// UpdateIn changes a document.
type UpdateIn struct {
	ID   string `path:"id" pattern:"^H2(:[A-Za-z0-9_.-]{1,80}){1,4}$" doc:"The document." example:"H2:REGION:ie"`
	Body NewDoc `body:""`
}

// A NewDoc is the new content of a document.
type NewDoc struct {
	Config  map[string]any `json:"config" doc:"All of it."`
	Message string         `json:"message" minLength:"1" maxLength:"500" doc:"Why." example:"Fares of 2014"`
	By      string         `json:"by" minLength:"1" maxLength:"100" doc:"Who wants it." example:"ann"`
}

// A Change is an update that was made.
type Change struct {
	ID      string    `json:"id" doc:"The document." example:"H2:REGION:ie"`
	Hash    string    `json:"hash" doc:"What it is known by since."`
	Message string    `json:"message" doc:"Why."`
	By      string    `json:"by" doc:"Who wanted it."`
	At      time.Time `json:"at" doc:"When."`
}

//go:embed defaults
var defaults embed.FS

// A Service is the config service.
type Service struct {
	dir string // "" if the documents are those that are built in
	now func() time.Time

	mu      sync.RWMutex
	docs    map[string]map[string]any
	merged  map[part]Compiled // of the docs
	texts   map[string]string // what was read last, valid or not
	broken  map[string]string
	changes []Change
}

// mostChanges is how many changes are kept.
const mostChanges = 1000

// New returns a service with the documents of a directory, ID.json, or with those that are
// built in if dir is "".
func New(dir string) (*Service, error) {
	s := &Service{dir: dir, now: time.Now, docs: map[string]map[string]any{}, merged: map[part]Compiled{}, texts: map[string]string{}, broken: map[string]string{}}
	if dir == "" {
		for id, text := range builtIn() {
			s.load(id, text)
		}
	} else if err := s.Reload(); err != nil {
		return nil, err
	}
	if len(s.broken) > 0 {
		return nil, fmt.Errorf("config: %s", strings.Join(slices.Sorted(maps.Values(s.broken)), "; "))
	}
	return s, nil
}

// builtIn returns the documents that are built in.
func builtIn() map[string]string {
	found := map[string]string{}
	entries, err := defaults.ReadDir("defaults")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, e := range entries {
		text, err := defaults.ReadFile("defaults/" + e.Name())
		if err != nil {
			panic(err) // likewise
		}
		found[idOf(e.Name())] = string(text)
	}
	return found
}

// idOf returns the ID of a file, which has two underscores where that has a colon: not all
// file systems have colons in names.
func idOf(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "__", ":")
}

func fileOf(id string) string { return strings.ReplaceAll(id, ":", "__") + ".json" }

// Reload reads the files of the directory again. It fails only if there is no directory.
func (s *Service) Reload() error {
	if s.dir == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.json"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no .json file in %s", s.dir)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // who starts the service names the directory
		id := idOf(filepath.Base(file))
		if err != nil {
			s.broken[id] = fmt.Sprintf("%s: %v", id, err)
			continue
		}
		s.load(id, string(text))
	}
	return nil
}

// load takes the text of a document, unless that is invalid or unchanged.
func (s *Service) load(id, text string) {
	if old, known := s.texts[id]; known && old == text {
		return
	}
	s.texts[id] = text
	clear(s.merged)
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil || doc == nil {
		if err == nil {
			err = errors.New("a document must be a JSON object")
		}
		s.broken[id] = fmt.Sprintf("%s: %v", id, err)
		slog.Warn("a configuration is invalid; its last good version stays in force", "id", id, "error", err)
		return
	}
	delete(s.broken, id)
	s.docs[id] = doc
}

// Run reads the files again every second, until the context ends.
func (s *Service) Run(ctx context.Context) {
	for range ticks.Every(ctx, time.Second) {
		if err := s.Reload(); err != nil {
			slog.Warn("the configuration can't be read; its last good version stays in force", "error", err)
		}
	}
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	Compile.Handle(mux, s.CompileEndpoint())
	Explain.Handle(mux, s.ExplainEndpoint())
	Update.Handle(mux, tigertonic.Typed(s.update).OperationID("update-config").Summary("Replace a document").Tags("config"))
	Audit.Handle(mux, tigertonic.Typed(s.audit).OperationID("audit-config").Summary("List the changes").Tags("config"))
	return mux
}

// CompileEndpoint returns the endpoint of Compile.
func (s *Service) CompileEndpoint() *tigertonic.Endpoint {
	return tigertonic.Typed(s.Compile).OperationID("compile-config").Summary("Merge documents").Tags("config")
}

// ExplainEndpoint returns the endpoint of Explain.
func (s *Service) ExplainEndpoint() *tigertonic.Endpoint {
	return tigertonic.Typed(s.Explain).OperationID("explain-config").Summary("Show where each value comes from").Tags("config")
}

// Compile merges documents. The result is kept until a document changes.
func (s *Service) Compile(_ context.Context, in *CompileIn) (Compiled, error) {
	key := part{strings.Join(in.IDs, ","), in.Path}
	s.mu.RLock()
	c, known := s.merged[key]
	s.mu.RUnlock()
	if known {
		return c, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	merged, _ := s.merge(in.IDs)
	c, err := compiled(at(merged, in.Path))
	if err == nil && len(key.ids) <= mostOfIDs {
		if len(s.merged) >= mostMerged { // somebody asks for one after the other
			clear(s.merged)
		}
		s.merged[key] = c
	}
	return c, err
}

// A part is what can be compiled: comma-separated IDs, and a path.
type part struct{ ids, path string }

const (
	// mostMerged is how many parts are kept.
	mostMerged = 1000
	// mostOfIDs is the maximum length of the IDs of one: nobody but an attacker sends
	// longer ones.
	mostOfIDs = 1000
)

func compiled(v any) (Compiled, error) {
	text, err := json.Marshal(v, json.Deterministic(true))
	return Compiled{Hash: hash(text), Config: text}, err
}

// Explain returns where the parts of the merged documents come from.
func (s *Service) Explain(_ context.Context, in *CompileIn) (Explained, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	merged, origins := s.merge(in.IDs)
	part := at(merged, in.Path)
	whole, err := compiled(part)
	if err != nil {
		return Explained{}, err
	}
	x := Explained{Hash: whole.Hash, Leaves: map[string]Leaf{}, Broken: slices.Sorted(maps.Values(s.broken))}
	if x.Broken == nil {
		x.Broken = []string{}
	}
	err = leaves(in.Path, part, func(path string, v any) error {
		text, err := json.Marshal(v, json.Deterministic(true))
		x.Leaves[path] = Leaf{text, origins[path]}
		return err
	})
	return x, err
}

// merge returns the merged documents, and where each leaf comes from.
func (s *Service) merge(ids []string) (merged map[string]any, origins map[string]string) {
	merged, origins = map[string]any{}, map[string]string{}
	for id := range strings.SplitSeq(strings.Join(ids, ","), ",") {
		overlay(merged, s.docs[id], "", id, origins)
	}
	return merged, origins
}

// overlay puts the members of src over those of dst, which it owns.
func overlay(dst, src map[string]any, prefix, id string, origins map[string]string) {
	for name, v := range src {
		path := join(prefix, name)
		inner, isObject := v.(map[string]any)
		old, wasObject := dst[name].(map[string]any)
		if isObject {
			if !wasObject {
				old = map[string]any{}
				dst[name] = old
				delete(origins, path)
			}
			overlay(old, inner, path, id, origins)
			continue
		}
		if wasObject {
			maps.DeleteFunc(origins, func(p, _ string) bool { return strings.HasPrefix(p, path+".") })
		}
		dst[name], origins[path] = v, id
	}
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// at returns a part of a document, or nil.
func at(doc map[string]any, path string) any {
	var v any = doc
	for name := range strings.SplitSeq(path, ".") {
		if path == "" {
			break
		}
		object, is := v.(map[string]any)
		if !is {
			return nil
		}
		v = object[name]
	}
	return v
}

// leaves calls f for each value below v that isn't an object.
func leaves(path string, v any, f func(path string, v any) error) error {
	object, is := v.(map[string]any)
	if !is {
		return f(path, v)
	}
	for name, member := range object {
		if err := leaves(join(path, name), member, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) update(_ context.Context, in *UpdateIn) (Change, error) {
	text, err := json.Marshal(in.Body.Config, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return Change{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir != "" {
		if err := os.WriteFile(filepath.Join(s.dir, fileOf(in.ID)), text, 0o600); err != nil {
			return Change{}, err
		}
	}
	s.load(in.ID, string(text))
	c := Change{ID: in.ID, Hash: hash(text), Message: in.Body.Message, By: in.Body.By, At: s.now().UTC()}
	s.changes = append(s.changes, c)
	s.changes = s.changes[max(0, len(s.changes)-mostChanges):]
	slog.Info("a configuration has changed", "id", c.ID, "by", c.By, "message", c.Message, "hash", c.Hash)
	return c, nil
}

func (s *Service) audit(context.Context, *struct{}) ([]Change, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Change{}, s.changes...), nil
}
