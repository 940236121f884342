// Hello is the program of the README.
package main

import (
	"log"
	"net/http"
	"net/url"

	"github.com/rcrowley/go-tigertonic"
)

type greeting struct {
	Greeting string `json:"greeting"`
}

func hello(u *url.URL, _ http.Header) (int, http.Header, *greeting, error) {
	return http.StatusOK, nil, &greeting{"Hello, " + u.Query().Get("name") + "!"}, nil
}

func main() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/hello/{name}", tigertonic.Marshaled(hello))
	log.Fatal(tigertonic.NewServer("127.0.0.1:8000", tigertonic.Logged(mux, nil)).ListenAndServe())
}
