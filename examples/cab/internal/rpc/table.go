package rpc

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A table has what is known of the endpoints of services, or of who calls them, by two
// names. It is read without a lock, since nearly all requests are about what is known. Its
// zero value is empty.
//
// Names may come from a request, so there is an end to them: beyond so many, all others share
// what is under [other].
type table[V any] struct {
	mu    sync.Mutex
	known atomic.Pointer[map[names]*V]
}

// names are those of a service and of its endpoint, or of a service and its caller.
type names struct{ service, part string }

const (
	mostNames = 1000
	other     = "(other)"
)

// get returns what is known under two names, which is made if it is the first time.
func (t *table[V]) get(service, part string, create func(names) *V) *V {
	key := names{service, part}
	if v := t.all()[key]; v != nil {
		return v
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all()) >= mostNames {
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

// all returns everything that is known, which must not be changed.
func (t *table[V]) all() map[names]*V {
	if known := t.known.Load(); known != nil {
		return *known
	}
	return nil
}
