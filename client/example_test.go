package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

type GetIn struct {
	ID string `path:"id"`
}

type Stuff struct {
	ID    string `json:"id"`
	Grams int    `json:"grams" minimum:"1"`
}

// What a service and its callers have in common is declared once.
var (
	GetStuff    = tigertonic.Declare[GetIn, Stuff]("GET", "/stuff/{id}")
	CreateStuff = tigertonic.Declare[Stuff, tigertonic.CreatedResponse[Stuff]]("POST", "/stuff")
	CountStuff  = tigertonic.Declare[struct{}, iter.Seq2[Stuff, error]]("GET", "/stuff")
)

// service has the functions of what is declared.
func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	GetStuff.HandleFunc(mux, func(_ context.Context, in *GetIn) (Stuff, error) {
		if in.ID != "tea" {
			return Stuff{}, tigertonic.NotFound{Err: errors.New("there is only tea")}
		}
		return Stuff{in.ID, 100}, nil
	})
	CreateStuff.HandleFunc(mux, func(_ context.Context, in *Stuff) (tigertonic.CreatedResponse[Stuff], error) {
		location, err := GetStuff.URL(&GetIn{in.ID})
		return tigertonic.CreatedResponse[Stuff]{Location: location, Body: *in}, err
	})
	CountStuff.HandleFunc(mux, func(context.Context, *struct{}) (iter.Seq2[Stuff, error], error) {
		return func(yield func(Stuff, error) bool) {
			for i := 1; ; i++ {
				if !yield(Stuff{"tea", i}, nil) {
					return
				}
			}
		}, nil
	})
	return mux
}

// A service and its caller.
func ExampleCall() {
	c := client.New("http://stuff.test", client.Options{Transport: client.InProcess(service())})
	ctx := context.Background()

	created, err := client.Call(ctx, c, CreateStuff, &Stuff{"green tea", 50})
	fmt.Println(created.Location, err)
	stuff, err := client.Call(ctx, c, GetStuff, &GetIn{"tea"})
	fmt.Println(stuff.Grams, err)
	// Output:
	// /stuff/green%20tea <nil>
	// 100 <nil>
}

// An error is what it was when the function returned it.
func ExampleError() {
	c := client.New("http://stuff.test", client.Options{Transport: client.InProcess(service())})
	ctx := context.Background()

	_, err := client.Call(ctx, c, GetStuff, &GetIn{"coffee"})
	fmt.Println(err)
	if missing, ok := errors.AsType[tigertonic.NotFound](err); ok {
		fmt.Println(missing)
	}
	_, err = client.Call(ctx, c, CreateStuff, &Stuff{ID: "air"})
	if wrong, ok := errors.AsType[tigertonic.FieldErrors](err); ok {
		fmt.Println(wrong[0].Pointer, wrong[0].Detail)
	}
	// Output:
	// GET /stuff/coffee: 404 Not Found: there is only tea
	// there is only tea
	// /grams must be at least 1
}

// Values are read as they arrive, and a break is enough to end their stream.
func ExampleStream() {
	c := client.New("http://stuff.test", client.Options{Transport: client.InProcess(service())})
	for stuff, err := range client.Stream(context.Background(), c, CountStuff, nil, client.StreamOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(stuff.Grams)
		if stuff.Grams == 3 {
			break
		}
	}
	// Output:
	// 1
	// 2
	// 3
}

// Calls to somebody else's service need no declaration.
func ExampleDo() {
	theirs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"full_name":%q,"stargazers_count":7}`, strings.TrimPrefix(r.URL.Path, "/repos/"))
	})
	type RepoIn struct {
		Owner string `path:"owner"`
		Name  string `path:"name"`
	}
	type Repo struct {
		FullName string `json:"full_name"`
	}
	c := client.New("https://api.example.com", client.Options{
		Transport: client.Retried(client.InProcess(theirs), client.RetryOptions{}),
		Header:    http.Header{"Authorization": {"Bearer " + os.Getenv("TOKEN")}},
	})
	repo, err := client.Do[Repo](context.Background(), c, "GET", "/repos/{owner}/{name}", &RepoIn{"golang", "go"})
	fmt.Println(repo.FullName, err)
	// Output: golang/go <nil>
}

// Bodies that are no JSON are streamed, up and down.
func ExampleBody() {
	shout := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.WriteString(w, strings.ToUpper(string(text)))
	})
	c := client.New("http://echo.test", client.Options{Transport: client.InProcess(shout)})
	echo, err := client.Do[tigertonic.Stream](context.Background(), c, "POST", "/shout", &struct{}{},
		client.Body("text/plain", strings.NewReader("hello")))
	if err != nil {
		panic(err)
	}
	defer echo.Close()
	text, _ := io.ReadAll(echo)
	fmt.Println(echo.ContentType, string(text))
	// Output: text/plain HELLO
}
