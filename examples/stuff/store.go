package main

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Stuff is what both sides of the service take and return. The tags are read by
// the typed one.
type stuff struct {
	ID    string `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What it is called." example:"tea"`
	Stuff string `json:"stuff" doc:"What it is." example:"Assam, second flush"`
}

// A store's methods that aren't functions for handlers leave its lock to these.
type store struct {
	mu       sync.RWMutex
	stuff    map[string]stuff // by ID
	watchers []chan stuff
}

func (s *store) sorted() []stuff {
	return slices.SortedFunc(maps.Values(s.stuff), func(a, b stuff) int { return strings.Compare(a.ID, b.ID) })
}

// set adds or replaces stuff and tells who watches. One that doesn't keep up
// misses it.
func (s *store) set(changed stuff) {
	s.stuff[changed.ID] = changed
	for _, w := range s.watchers {
		select {
		case w <- changed:
		default:
		}
	}
}
