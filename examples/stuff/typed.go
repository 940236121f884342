package main

import (
	"context"
	"errors"
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
	ID string `path:"id" doc:"What it is called." example:"tea"`
}

type page struct {
	After string `query:"after" doc:"Only stuff whose ID comes after this one." example:"tea"`
	Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"The maximum number."`
}

type replacement struct {
	one
	Body struct {
		Stuff string `json:"stuff" maxLength:"1000" doc:"What it is." example:"Darjeeling"`
	} `body:""`
}

type patch struct {
	one
	Body tigertonic.Patch[stuff] `body:"" doc:"The members to change; the ID can't be."`
}

type watch struct {
	For time.Duration `query:"for" default:"30s" doc:"How long to watch, an hour at most." example:"10m"`
}

// Validate is asked after the tags. There are none for the value of a duration.
func (w *watch) Validate(context.Context) error {
	if w.For < 0 || w.For > time.Hour {
		return tigertonic.FieldErrors{{Parameter: "for", In: "query", Detail: "must be from 0s to 1h"}}
	}
	return nil
}

// typed returns the handlers of /2.0.
func typed(s *store) *tigertonic.TrieServeMux {
	unknown := tigertonic.NotFound{Err: errors.New("there is no stuff with this ID")}
	taken := tigertonic.Conflict{Err: errors.New("there is stuff with this ID already")}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", tigertonic.Typed(s.page).Summary("List stuff").Tags("stuff"))
	mux.Handle("POST", "/stuff", tigertonic.Typed(s.add).Summary("Add stuff").Tags("stuff").Errors(taken, errFull))
	mux.Handle("GET", "/stuff/{id}", tigertonic.Typed(s.show).Summary("Show stuff").Tags("stuff").Errors(unknown))
	mux.Handle("PUT", "/stuff/{id}", tigertonic.Typed(s.replace).Summary("Replace stuff").Tags("stuff").Errors(unknown))
	mux.Handle("PATCH", "/stuff/{id}", tigertonic.Typed(s.patch).Summary("Change stuff").Tags("stuff").Errors(unknown))
	mux.Handle("DELETE", "/stuff/{id}", tigertonic.Typed(s.remove).Summary("Remove stuff").Tags("stuff").Errors(unknown))
	mux.Handle("GET", "/changes", tigertonic.Typed(s.watch).Summary("Watch stuff change").Tags("stuff").Errors(errSlow).
		Description("A stream of what is added, changed and removed from now on. Clients that fall behind get an error and must reconnect."))
	return mux
}

func (s *store) page(_ context.Context, in *page) ([]stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	after := slices.DeleteFunc(s.sorted(), func(found stuff) bool { return found.ID <= in.After })
	return after[:min(in.Limit, len(after))], nil
}

func (s *store) add(_ context.Context, in *stuff) (tigertonic.CreatedResponse[stuff], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.insert(*in); err != nil {
		return tigertonic.CreatedResponse[stuff]{}, err
	}
	return tigertonic.CreatedResponse[stuff]{Location: "/2.0/stuff/" + in.ID, Body: *in}, nil
}

func (s *store) show(_ context.Context, in *one) (stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known(in.ID)
}

func (s *store) replace(_ context.Context, in *replacement) (stuff, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.known(in.ID)
	if err != nil {
		return stuff{}, err
	}
	found.Stuff = in.Body.Stuff
	s.set(found)
	return found, nil
}

func (s *store) patch(ctx context.Context, in *patch) (stuff, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.known(in.ID)
	if err != nil {
		return stuff{}, err
	}
	if err := in.Body.Apply(ctx, &found); err != nil {
		return stuff{}, err
	}
	if found.ID != in.ID {
		return stuff{}, tigertonic.FieldErrors{{Pointer: "/id", Detail: "can't be changed"}}
	}
	s.set(found)
	return found, nil
}

func (s *store) remove(_ context.Context, in *one) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.known(in.ID); err != nil {
		return struct{}{}, err
	}
	delete(s.stuff, in.ID)
	s.tell(change{in.ID, tigertonic.Null[string]()})
	return struct{}{}, nil
}

// watch returns the changes from now on, until the time is over, the client goes
// or the service stops.
func (s *store) watch(ctx context.Context, in *watch) (iter.Seq2[change, error], error) {
	return func(yield func(change, error) bool) {
		ctx, cancel := context.WithTimeout(ctx, in.For)
		defer cancel()
		changes := make(chan change, backlog)
		s.mu.Lock()
		s.watchers[changes] = true
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.watchers, changes)
		}()
		for {
			select {
			case c, ok := <-changes:
				if !ok {
					yield(change{}, errSlow)
					return
				}
				if !yield(c, nil) {
					return
				}
			case <-ctx.Done():
				return
			case <-s.stopping:
				return
			}
		}
	}, nil
}
