package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic"
)

// Stuff is what both sides of the service take and return. The tags are for the
// typed one, and for the document of both.
type stuff struct {
	ID    string `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What it is called." example:"tea"`
	Stuff string `json:"stuff" maxLength:"1000" doc:"What it is." example:"Assam, second flush"`
}

// A change is what those who watch are told.
type change struct {
	ID    string                 `json:"id" doc:"What it is called." example:"tea"`
	Stuff tigertonic.Opt[string] `json:"stuff" doc:"What it is now, or null if it was removed." example:"Darjeeling"`
}

const (
	capacity = 10_000 // pieces of stuff
	backlog  = 16     // changes that a watcher may be behind
)

// Problems are sent as they are, though their status is over 499.
var (
	errFull = tigertonic.Problem{Status: 507, Detail: "there is too much stuff already"}
	errSlow = tigertonic.Problem{Status: 503, Detail: "too many changes to keep up with"}
)

// A store keeps stuff. Its methods are the functions of the two APIs, but for
// those in this file, which are called with the lock held.
type store struct {
	mu       sync.RWMutex
	stuff    map[string]stuff     // by ID
	watchers map[chan change]bool // closed when they are too far behind
	stopping <-chan struct{}      // closed when the service is to stop
}

func newStore(stopping <-chan struct{}) *store {
	return &store{stuff: map[string]stuff{}, watchers: map[chan change]bool{}, stopping: stopping}
}

// sorted returns all stuff by ID.
func (s *store) sorted() []stuff {
	return slices.SortedFunc(maps.Values(s.stuff), func(a, b stuff) int { return strings.Compare(a.ID, b.ID) })
}

// known returns the stuff of this ID.
func (s *store) known(id string) (stuff, error) {
	found, ok := s.stuff[id]
	if !ok {
		return stuff{}, tigertonic.NotFound{Err: fmt.Errorf("there is no stuff %.64q", id)}
	}
	return found, nil
}

// insert adds stuff that isn't there yet.
func (s *store) insert(added stuff) error {
	if _, ok := s.stuff[added.ID]; ok {
		return tigertonic.Conflict{Err: fmt.Errorf("there is stuff %q already", added.ID)}
	}
	if len(s.stuff) >= capacity {
		return errFull
	}
	s.set(added)
	return nil
}

// set adds or replaces stuff.
func (s *store) set(changed stuff) {
	s.stuff[changed.ID] = changed
	s.tell(change{changed.ID, tigertonic.Some(changed.Stuff)})
}

// tell tells those who watch, and waits for none of them.
func (s *store) tell(c change) {
	for w := range s.watchers {
		select {
		case w <- c:
		default:
			delete(s.watchers, w)
			close(w)
		}
	}
}
