package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// The typed side of the service: the same stuff under /2.0, by functions whose
// input is bound and checked before they are called, and described by what they
// take and return.

// one is embedded where the input is about one piece of stuff.
type one struct {
	ID string `path:"id" doc:"What it is called."`
}

type page struct {
	After string `query:"after" doc:"Only stuff whose ID comes after this one."`
	Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"How much at most."`
}

type put struct {
	one
	Body struct {
		Stuff string `json:"stuff" doc:"What it is."`
	} `body:""`
}

type patch struct {
	one
	Body tigertonic.Patch[stuff] `body:"" doc:"What is to change. The ID can't."`
}

type watch struct {
	For time.Duration `query:"for" default:"30s" doc:"How long to watch."`
}

// typed returns the handlers of /2.0.
func typed(s *store) *tigertonic.TrieServeMux {
	nothing := tigertonic.NotFound{Err: fmt.Errorf("there is no such stuff")}
	taken := tigertonic.Conflict{Err: fmt.Errorf("there is stuff with this ID already")}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", tigertonic.Typed(s.page).Summary("List stuff").Tags("stuff"))
	mux.Handle("POST", "/stuff", tigertonic.Typed(s.add).Summary("Add stuff").Tags("stuff").Errors(taken))
	mux.Handle("GET", "/stuff/{id}", tigertonic.Typed(s.show).Summary("Show stuff").Tags("stuff").Errors(nothing))
	mux.Handle("PUT", "/stuff/{id}", tigertonic.Typed(s.replace).Summary("Replace stuff").Tags("stuff").Errors(nothing))
	mux.Handle("PATCH", "/stuff/{id}", tigertonic.Typed(s.change).Summary("Change stuff").Tags("stuff").Errors(nothing))
	mux.Handle("DELETE", "/stuff/{id}", tigertonic.Typed(s.remove).Summary("Remove stuff").Tags("stuff").Errors(nothing))
	mux.Handle("GET", "/changes", tigertonic.Typed(s.watch).Summary("Watch stuff change").Tags("stuff").
		Description("A stream of what is added and changed from now on: JSON, a value a line, or server-sent events."))
	return mux
}

func (s *store) page(_ context.Context, in *page) ([]stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	after := slices.DeleteFunc(s.sorted(), func(found stuff) bool { return found.ID <= in.After })
	return after[:min(in.Limit, len(after))], nil
}

func (s *store) add(_ context.Context, in *stuff) (created tigertonic.CreatedResponse[*stuff], err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.stuff[in.ID]; ok {
		return created, tigertonic.Conflict{Err: fmt.Errorf("there is stuff %q already", in.ID)}
	}
	s.set(*in)
	return tigertonic.CreatedResponse[*stuff]{Location: "/2.0/stuff/" + in.ID, Body: in}, nil
}

// known returns the stuff of this ID.
func (s *store) known(id string) (*stuff, error) {
	found, ok := s.stuff[id]
	if !ok {
		return nil, tigertonic.NotFound{Err: fmt.Errorf("there is no stuff %.64q", id)}
	}
	return &found, nil
}

func (s *store) show(_ context.Context, in *one) (*stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known(in.ID)
}

func (s *store) replace(_ context.Context, in *put) (*stuff, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.known(in.ID)
	if err != nil {
		return nil, err
	}
	found.Stuff = in.Body.Stuff
	s.set(*found)
	return found, nil
}

func (s *store) change(ctx context.Context, in *patch) (*stuff, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.known(in.ID)
	if err != nil {
		return nil, err
	}
	if err := in.Body.Apply(ctx, found); err != nil {
		return nil, err
	}
	if found.ID != in.ID {
		return nil, tigertonic.FieldErrors{{Pointer: "/id", Detail: "can't be changed"}}
	}
	s.set(*found)
	return found, nil
}

func (s *store) remove(_ context.Context, in *one) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.known(in.ID)
	delete(s.stuff, in.ID)
	return struct{}{}, err
}

// watch returns the changes from now on, until the time is over or the client
// goes. One that doesn't keep up misses changes.
func (s *store) watch(ctx context.Context, in *watch) (iter.Seq2[stuff, error], error) {
	changes := make(chan stuff, 16)
	s.mu.Lock()
	s.watchers = append(s.watchers, changes)
	s.mu.Unlock()
	return func(yield func(stuff, error) bool) {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.watchers = slices.DeleteFunc(s.watchers, func(c chan stuff) bool { return c == changes })
		}()
		ctx, cancel := context.WithTimeout(ctx, in.For)
		defer cancel()
		for {
			select {
			case changed := <-changes:
				if !yield(changed, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}, nil
}
