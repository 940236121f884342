// Notes is the service of the guide docs/start.md.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"sync"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// A Note is what the service keeps.
type Note struct {
	ID   string `json:"id" pattern:"^[a-z0-9-]{1,32}$" doc:"Your name for the note."`
	Text string `json:"text" minLength:"1" maxLength:"1000"`
}

type notes struct {
	mu   sync.Mutex
	byID map[string]Note
}

func (n *notes) create(_ context.Context, note *Note) (tigertonic.CreatedResponse[Note], error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, exists := n.byID[note.ID]; exists {
		return tigertonic.CreatedResponse[Note]{}, tigertonic.Conflict{Err: fmt.Errorf("there is a note %q already", note.ID)}
	}
	n.byID[note.ID] = *note
	return tigertonic.CreatedResponse[Note]{Location: "/notes/" + note.ID, Body: *note}, nil
}

type byID struct {
	ID string `path:"id"`
}

func (n *notes) get(_ context.Context, in *byID) (*Note, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	note, ok := n.byID[in.ID]
	if !ok {
		return nil, tigertonic.NotFound{Err: fmt.Errorf("there is no note %q", in.ID)}
	}
	return &note, nil
}

func service() http.Handler {
	n := &notes{byID: map[string]Note{}}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/notes", tigertonic.Typed(n.create).Summary("Create a note").Errors(tigertonic.Conflict{}))
	mux.Handle("GET", "/notes/{id}", tigertonic.Typed(n.get).Summary("Get a note").Errors(tigertonic.NotFound{}))
	doc := openapi.New(mux, openapi.Info{Title: "Notes", Version: "1.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return mux
}

func main() {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{} // every error is a problem, the mux's 404 too
	server := tigertonic.NewServer("127.0.0.1:8000", tigertonic.Logged(service(), nil))
	if err := server.Run(context.Background()); err != nil { // until SIGTERM or Ctrl-C
		log.Fatal(err)
	}
}
