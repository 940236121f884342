package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/maypok86/otter/v2"
)

// A cache has the contents of items. Its keys have the item's version, which every request
// reads from the database together with the item's flags. So the value of a key never
// changes: nothing has to be purged, a late fill can't bring back old contents, and a cache
// server that was unreachable for a while is still correct.
type cache interface {
	// get returns the values of those keys that the cache has.
	get(ctx context.Context, keys []string) map[string][]byte
	set(ctx context.Context, key string, value []byte)
	// close releases the resources of the cache. Requests in flight may still use it.
	close()
}

// keptFor is the longest that a value is kept.
const keptFor = 7 * 24 * time.Hour

// openCache opens memory, or memcached://host:port,host:port.
func openCache(where string) (cache, error) {
	if servers, ok := strings.CutPrefix(where, "memcached://"); ok {
		all := strings.Split(servers, ",")
		for _, server := range all {
			if _, _, err := net.SplitHostPort(server); err != nil {
				return nil, fmt.Errorf("the cache %q: %w", where, err)
			}
		}
		client := memcache.New(all...)
		client.Timeout, client.MaxIdleConns = memcachedPatience, 16
		return &memcached{client: client}, nil
	}
	if where != "memory" {
		return nil, errors.New("-cache is memory, or memcached://HOST:PORT")
	}
	return &inProcess{otter.Must(&otter.Options[string, []byte]{
		MaximumWeight:    memoryOfCache,
		Weigher:          func(key string, value []byte) uint32 { return uint32(len(key) + len(value) + 64) }, //nolint:gosec // items are small
		ExpiryCalculator: otter.ExpiryWriting[string, []byte](keptFor),
	})}, nil
}

// memoryOfCache is the size of the cache in the process, in bytes.
const memoryOfCache = 64 << 20

type inProcess struct {
	otter *otter.Cache[string, []byte]
}

func (c *inProcess) get(_ context.Context, keys []string) map[string][]byte {
	found := make(map[string][]byte, len(keys))
	for _, key := range keys {
		if value, ok := c.otter.GetIfPresent(key); ok {
			found[key] = value
		}
	}
	return found
}

func (c *inProcess) set(_ context.Context, key string, value []byte) { c.otter.Set(key, value) }

func (c *inProcess) close() {
	c.otter.StopAllGoroutines()
	c.otter.InvalidateAll()
}

const (
	memcachedPatience = 50 * time.Millisecond
	// memcachedPause is how long a server that hasn't responded is left alone.
	memcachedPause = time.Second
)

// A memcached that is dead or slow is left alone for a while: requests go to the database.
type memcached struct {
	client   *memcache.Client
	resume   atomic.Int64 // in nanoseconds since 1970
	failures atomic.Int64
}

func (c *memcached) get(_ context.Context, keys []string) map[string][]byte {
	if time.Now().UnixNano() < c.resume.Load() {
		return nil
	}
	items, err := c.client.GetMulti(keys)
	c.note(err)
	found := make(map[string][]byte, len(items))
	for key, item := range items {
		found[key] = item.Value
	}
	return found
}

func (c *memcached) set(_ context.Context, key string, value []byte) {
	if time.Now().UnixNano() >= c.resume.Load() {
		c.note(c.client.Set(&memcache.Item{Key: key, Value: value, Expiration: int32(keptFor / time.Second)}))
	}
}

func (c *memcached) close() { _ = c.client.Close() } // only what is idle

func (c *memcached) note(err error) {
	if err == nil || errors.Is(err, memcache.ErrCacheMiss) {
		return
	}
	now := time.Now()
	if before := c.resume.Swap(now.Add(memcachedPause).UnixNano()); before < now.UnixNano() {
		slog.Warn("memcached doesn't respond; reading from the database instead", "error", err)
	}
	c.failures.Add(1)
}
