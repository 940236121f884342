package rpc

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A table has a value for each endpoint of a service, or for each of its callers. It is read
// without a lock, because almost all requests are for names that it has. Its zero value is
// empty.
//
// Names may come from a request, so their number and length are limited: all others share what
// is under [other].
type table[V any] struct {
	mu    sync.Mutex
	known atomic.Pointer[map[names]*V]
}

// names are those of a service and of its endpoint, or of a service and its caller.
type names struct{ service, part string }

const (
	mostNames  = 1000
	mostOfName = 100 // bytes
	other      = "(other)"
)

// get returns the value for two names, which create makes the first time.
func (t *table[V]) get(service, part string, create func(names) *V) *V {
	key := names{service, part}
	if v := t.all()[key]; v != nil {
		return v
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all()) >= mostNames || len(part) > mostOfName {
		key = names{other, other}
	}
	if v := t.all()[key]; v != nil {
		return v
	}
	grown := map[names]*V{}
	maps.Copy(grown, t.all())
	v := create(key)
	grown[key] = v
	t.known.Store(&grown)
	return v
}

// all returns all values, by their names. The map must not be changed.
func (t *table[V]) all() map[names]*V {
	if known := t.known.Load(); known != nil {
		return *known
	}
	return nil
}
