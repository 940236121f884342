// Hello is the program of the README.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type request struct {
	Name  string `path:"name" maxLength:"40" doc:"Who to greet."`
	Times int    `query:"times" default:"1" minimum:"1" maximum:"3" doc:"How many times."`
}

type greeting struct {
	Greeting string `json:"greeting"`
}

func hello(_ context.Context, rq *request) (*greeting, error) {
	if rq.Name == "nobody" {
		return nil, tigertonic.NotFound{Err: errors.New("nobody is here")}
	}
	return &greeting{strings.Repeat("Hello, ", rq.Times) + rq.Name + "!"}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/hello/{name}", tigertonic.Typed(hello).Summary("Greet somebody").Errors(tigertonic.NotFound{}))
	doc := openapi.New(mux, openapi.Info{Title: "Hello", Version: "1.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return mux
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8000", "`address` to listen on")
	operators := flag.String("admin", "127.0.0.1:8001", "`address` for health, metrics and profiles")
	flag.Parse()
	server := tigertonic.NewServer(*listen, tigertonic.Logged(service(), nil))
	server.Admin, server.AdminAddr = admin.New(server.Handler, admin.Options{Name: "hello"}), *operators
	log.Printf("try curl http://%s/hello/world, and read http://%[1]s/docs", *listen)
	if err := server.Run(context.Background()); err != nil { // until SIGTERM, and then until its requests end
		log.Fatal(err, " (-listen and -admin set the addresses)")
	}
}
