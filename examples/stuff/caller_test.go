package main

import (
	"encoding/json"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// What callers ask for below /2.0, by the types of the service.
var (
	listStuff    = tigertonic.Declare[page, []stuff]("GET", "/stuff").Under("/2.0")
	addStuff     = tigertonic.Declare[stuff, tigertonic.CreatedResponse[stuff]]("POST", "/stuff").Under("/2.0")
	showStuff    = tigertonic.Declare[one, stuff]("GET", "/stuff/{id}").Under("/2.0")
	replaceStuff = tigertonic.Declare[replacement, stuff]("PUT", "/stuff/{id}").Under("/2.0")
	patchStuff   = tigertonic.Declare[patch, stuff]("PATCH", "/stuff/{id}").Under("/2.0")
	removeStuff  = tigertonic.Declare[one, struct{}]("DELETE", "/stuff/{id}").Under("/2.0")
	watchStuff   = tigertonic.Declare[watch, iter.Seq2[change, error]]("GET", "/changes").Under("/2.0")
)

// caller returns a client of the service, in process.
func caller() *client.Client {
	return client.New("http://stuff.test", client.Options{Transport: client.InProcess(service(testConfig, newStore(nil)))})
}

func TestCallersGetWhatTheServiceReturns(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), caller()
	tea := stuff{ID: "tea", Stuff: "Assam"}
	added, err := client.Call(ctx, c, addStuff, &tea)
	if err != nil || added.Body != tea || added.Location != "/2.0/stuff/tea" {
		t.Fatalf("got %+v and %v", added, err)
	}
	_, err = client.Call(ctx, c, addStuff, &tea)
	if _, ok := errors.AsType[tigertonic.Conflict](err); !ok {
		t.Errorf("got %v, want 409", err)
	}
	replaced := replacement{one: one{"tea"}}
	replaced.Body.Stuff = "Darjeeling"
	if got, err := client.Call(ctx, c, replaceStuff, &replaced); err != nil || got.Stuff != "Darjeeling" {
		t.Errorf("got %+v and %v", got, err)
	}
	patched := patch{one: one{"tea"}}
	if err := json.Unmarshal([]byte(`{"stuff":"Ceylon"}`), &patched.Body); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Call(ctx, c, patchStuff, &patched); err != nil || got.Stuff != "Ceylon" {
		t.Errorf("got %+v and %v", got, err)
	}
	if got, err := client.Call(ctx, c, listStuff, nil); err != nil || len(got) != 1 {
		t.Errorf("got %+v and %v", got, err)
	}
	if _, err := client.Call(ctx, c, removeStuff, &one{"tea"}); err != nil {
		t.Error(err)
	}
	_, err = client.Call(ctx, c, showStuff, &one{"tea"})
	if _, ok := errors.AsType[tigertonic.NotFound](err); !ok {
		t.Errorf("got %v, want 404", err)
	}
}

func TestCallersWatchStuffChange(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), caller()
	watching, stop := make(chan struct{}), make(chan struct{})
	go func() { // a stream begins with the first change, so there are some until it is watched
		defer close(stop)
		for i := 0; ; i++ {
			beat := stuff{ID: "beat", Stuff: time.Duration(i).String()}
			if _, err := client.Call(ctx, c, addStuff, &beat); err != nil {
				t.Error(err)
				return
			}
			if _, err := client.Call(ctx, c, removeStuff, &one{"beat"}); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-watching:
				return
			default:
			}
		}
	}()
	n := 0
	for change, err := range client.Stream(ctx, c, watchStuff, &watch{For: time.Hour}, client.StreamOptions{}) {
		if err != nil || change.ID != "beat" {
			t.Errorf("got %+v and %v", change, err)
			break
		}
		n++
		if n == 2 {
			break
		}
	}
	close(watching)
	<-stop
}
