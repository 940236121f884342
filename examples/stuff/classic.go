package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"unicode/utf8"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
)

// The classic side of the service: functions of a URL, a header and a body, as
// Tiger Tonic has had them since 2013.

// classic returns the handlers of /1.0.
func classic(s *store, registry metrics.Registry) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/stuff", tigertonic.Timed(tigertonic.Marshaled(s.create), "create", registry))
	mux.Handle("GET", "/stuff", tigertonic.Timed(tigertonic.Marshaled(s.list), "list", registry))
	mux.Handle("GET", "/stuff/{id}", tigertonic.Timed(tigertonic.If(s.find, tigertonic.Marshaled(s.get)), "get", registry))
	mux.Handle("PUT", "/stuff/{id}", tigertonic.Timed(tigertonic.If(s.find, tigertonic.Marshaled(s.update)), "update", registry))
	return mux
}

var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) // the same in a URL, a header and a log

// valid checks what the typed side has tags for.
func valid(rq *stuff) error {
	switch {
	case !validID.MatchString(rq.ID):
		return tigertonic.BadRequest{Err: fmt.Errorf("the id %.64q isn't 1 to 64 letters, digits, - or _", rq.ID)}
	case utf8.RuneCountInString(rq.Stuff) > 1000:
		return tigertonic.BadRequest{Err: errors.New("the stuff is longer than 1000 characters")}
	}
	return nil
}

func (s *store) create(_ *url.URL, _ http.Header, rq *stuff) (int, http.Header, *stuff, error) {
	if err := valid(rq); err != nil {
		return 0, nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.insert(*rq); err != nil {
		return 0, nil, nil, err
	}
	return http.StatusCreated, http.Header{"Content-Location": {"/1.0/stuff/" + rq.ID}}, rq, nil // relative: no Host header bends it
}

func (s *store) list(*url.URL, http.Header) (int, http.Header, []stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return http.StatusOK, nil, append([]stuff{}, s.sorted()...), nil // never nil, which would be null
}

// find is the condition of get and update: what it finds is their last argument.
func (s *store) find(r *http.Request) (http.Header, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, err := s.known(tigertonic.PathValue(r, "id"))
	*tigertonic.ContextOf[stuff](r) = found
	return nil, err
}

func (s *store) get(_ *url.URL, _ http.Header, _ any, found *stuff) (int, http.Header, *stuff, error) {
	return http.StatusOK, nil, found, nil
}

func (s *store) update(_ *url.URL, _ http.Header, rq, found *stuff) (int, http.Header, *stuff, error) {
	if rq.ID != found.ID {
		return 0, nil, nil, tigertonic.BadRequest{Err: fmt.Errorf("the id %.64q isn't the path's", rq.ID)}
	}
	if err := valid(rq); err != nil {
		return 0, nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.known(rq.ID); err != nil { // it was removed since it was found
		return 0, nil, nil, err
	}
	s.set(*rq)
	return http.StatusOK, nil, rq, nil
}
