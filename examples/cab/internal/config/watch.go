package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// A Watcher keeps a part of the configuration as a value of a type. It looks for changes,
// and keeps the last good version while there is no newer one or that can't be decoded.
type Watcher[T any] struct {
	ids   []string
	path  string
	check func(*T) error
	value atomic.Pointer[T]

	mu   sync.Mutex
	hash string
	err  error
}

// Watch returns a watcher of what is at the path in the documents of a service, merged:
// H2:BASE, H2:BASE:SERVICE, and those of the region if there is one. It begins with the
// built-in documents. It panics if that can't be decoded. The check may be nil.
func Watch[T any](service, region, path string, check func(*T) error) *Watcher[T] {
	w := &Watcher[T]{ids: IDs(service, region), path: path, check: check}
	s, err := New("")
	if err != nil {
		panic(err) // what is built in is good
	}
	c, err := s.Compile(context.Background(), &CompileIn{w.ids, path})
	if err == nil {
		err = w.set(c)
	}
	if err != nil {
		panic(err) // likewise
	}
	return w
}

// IDs returns the documents of a service in a region, or anywhere if that is "".
func IDs(service, region string) []string {
	ids := []string{"H2:BASE", "H2:BASE:" + service}
	if region != "" {
		ids = append(ids, "H2:REGION:"+region, "H2:REGION:"+region+":"+service)
	}
	return ids
}

func (w *Watcher[T]) set(c Compiled) error {
	w.mu.Lock()
	same := c.Hash == w.hash
	w.mu.Unlock()
	if same {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(c.Config, v); err != nil {
		return err
	}
	if w.check != nil {
		if err := w.check(v); err != nil {
			return err
		}
	}
	w.value.Store(v)
	w.mu.Lock()
	w.hash = c.Hash
	w.mu.Unlock()
	return nil
}

// Get returns the value, which the caller must not change.
func (w *Watcher[T]) Get() *T { return w.value.Load() }

// Hash returns the hash of the version in force, and if a newer one is invalid, why.
func (w *Watcher[T]) Hash() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hash, w.err
}

// Look asks the service once.
func (w *Watcher[T]) Look(ctx context.Context, c *client.Client) error {
	compiled, err := client.Call(ctx, c, Compile, &CompileIn{w.ids, w.path})
	if err == nil {
		err = w.set(compiled)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.err == nil {
		slog.Warn("the last good configuration stays in force", "path", w.path, "hash", w.hash, "error", err)
	}
	w.err = err
	return err
}

// Run asks the service at this interval, until the context ends.
func (w *Watcher[T]) Run(ctx context.Context, c *client.Client, every time.Duration) {
	for range ticks.Now(ctx, every) {
		_ = w.Look(ctx, c) // it is logged, and shown
	}
}

// hash returns a short hash of a text.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
