// Hello is the program of the README.
package main

import (
	"context"
	"log"
	"net/http"
	"net/url"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type request struct {
	Name  string `path:"name" maxLength:"40" doc:"Whom to greet."`
	Times int    `query:"times" default:"1" minimum:"1" maximum:"3" doc:"How often."`
}

type greeting struct {
	Greeting string `json:"greeting"`
}

func hello(_ context.Context, rq *request) (*greeting, error) {
	return &greeting{strings.Repeat("Hello, ", rq.Times) + rq.Name + "!"}, nil
}

// Functions of this form have been handlers since 2013.
func classicHello(u *url.URL, _ http.Header) (int, http.Header, *greeting, error) {
	return http.StatusOK, nil, &greeting{"Hello, " + u.Query().Get("name") + "!"}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/2.0/hello/{name}", tigertonic.Typed(hello).Summary("Greet somebody"))
	mux.Handle("GET", "/1.0/hello/{name}", tigertonic.Marshaled(classicHello))
	doc := openapi.New(mux, openapi.Info{Title: "Hello", Version: "2.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return mux
}

func main() {
	log.Fatal(tigertonic.NewServer("127.0.0.1:8000", tigertonic.Logged(service(), nil)).ListenAndServe())
}
