package tigertonic_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

func ExampleMarshaled() {
	type greeting struct {
		Hello string `json:"hello"`
	}
	greet := func(u *url.URL, _ http.Header, rq *greeting) (int, http.Header, *greeting, error) {
		if rq.Hello == "" {
			return 0, nil, nil, tigertonic.UnprocessableEntity{Err: errors.New("whose name?")}
		}
		return http.StatusCreated, http.Header{"Content-Location": {u.Path}}, rq, nil
	}
	h := tigertonic.Marshaled(greet)

	w := request(h, "POST", "/greetings", `{"hello":"world"}`, "Content-Type", "application/json")
	fmt.Println(w.Header().Get("Content-Location"))
	request(h, "POST", "/greetings", `{"hello":""}`, "Content-Type", "application/json")
	request(h, "POST", "/greetings", `{"hello":1}`, "Content-Type", "application/json")
	request(h, "POST", "/greetings", `hello=world`, "Content-Type", "application/x-www-form-urlencoded")
	// Output:
	// 201 {"hello":"world"}
	// /greetings
	// 422 {"description":"whose name?","error":"tigertonic.UnprocessableEntity"}
	// 400 {"description":"json: a number doesn't fit \"hello\", at offset 10","error":"json.UnmarshalTypeError"}
	// 415 {"description":"the Content-Type of a body must be application/json","error":"tigertonic.MarshalerError"}
}

// A function that returns an interface type with a method Read sends a stream.
func ExampleMarshaled_stream() {
	export := func(*url.URL, http.Header) (int, http.Header, io.Reader, error) {
		return http.StatusOK, http.Header{"Content-Type": {"text/csv"}}, strings.NewReader("a,b\n1,2\n"), nil
	}
	request(tigertonic.Marshaled(export), "GET", "/", "")
	// Output:
	// 200 a,b
	// 1,2
}

// outOfStock is an error with a status and a name of its own.
type outOfStock struct{ item string }

func (err outOfStock) Error() string { return err.item + " is out of stock" }
func (outOfStock) StatusCode() int   { return http.StatusConflict }
func (outOfStock) Name() string      { return "OutOfStock" }

func ExampleHTTPEquivError() {
	buy := func(u *url.URL, _ http.Header) (int, http.Header, any, error) {
		return 0, nil, nil, fmt.Errorf("can't buy: %w", outOfStock{u.Query().Get("item")})
	}
	request(tigertonic.Marshaled(buy), "GET", "/?item=tea", "")
	// Output: 409 {"description":"can't buy: tea is out of stock","error":"OutOfStock"}
}

func ExampleNewHTTPEquivError() {
	err := tigertonic.NewHTTPEquivError(errors.New("slow down"), http.StatusTooManyRequests)
	if equiv, ok := errors.AsType[tigertonic.HTTPEquivError](err); ok {
		fmt.Println(equiv.StatusCode(), err)
	}
	// Output: 429 slow down
}

func ExampleErrorWriter() {
	request(text("").(http.HandlerFunc), "GET", "/", "")
	h := tigertonic.NotFoundHandler{}
	request(h, "GET", "/x", "")
	request(h, "GET", "/x", "", "Accept", "text/plain")
	// Output:
	// 200
	// 404 {"description":"GET /x not found","error":"tigertonic.NotFound"}
	// 404 tigertonic.NotFound: GET /x not found
}

func ExampleSized() {
	h := tigertonic.Sized(tigertonic.Marshaled(create), 10)
	request(h, "POST", "/stuff", `{"id":"a long one"}`, "Content-Type", "application/json")
	// Output: 413 {"description":"the body is longer than 10 bytes","error":"tigertonic.RequestEntityTooLarge"}
}

func ExampleConfigure() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	pathname := filepath.Join(folder, "config.json")
	if err := os.WriteFile(pathname, []byte("{\n  \"listne\": \":8000\"\n}\n"), 0o600); err != nil {
		panic(err)
	}

	var c struct {
		Listen string `json:"listen"`
	}
	fmt.Println(strings.ReplaceAll(tigertonic.Configure(pathname, &c).Error(), folder, ""))
	// Output: tigertonic: /config.json:2:3: /listne: there is no such key
}

func ExampleRegisterConfigExt() {
	tigertonic.RegisterConfigExt(".txt", func(pathname string, i any) error {
		*i.(*string) = "read from " + pathname
		return nil
	})
	defer delete(tigertonic.ConfigExt, ".txt")

	var c string
	fmt.Println(tigertonic.Configure("config.txt", &c), c)
	// Output: <nil> read from config.txt
}
