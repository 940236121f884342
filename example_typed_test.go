package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// A function is an endpoint: its input comes from the request, checked, and its
// output is the response.
func ExampleTyped() {
	type order struct {
		Tea   string `json:"tea" minLength:"1"`
		Grams int    `json:"grams" minimum:"50" default:"100"`
	}
	type receipt struct {
		Text string `json:"text"`
	}
	buy := func(_ context.Context, o *order) (receipt, error) {
		return receipt{fmt.Sprintf("%d g of %s", o.Grams, o.Tea)}, nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/orders", tigertonic.Typed(buy))

	request(mux, "POST", "/orders", `{"tea":"sencha"}`, "Content-Type", "application/json")
	// Output: 200 {"text":"100 g of sencha"}
}

// Tags say which part of the request a field comes from. What several inputs
// have in common is embedded.
func ExampleTyped_parameters() {
	type paging struct {
		Limit int `query:"limit" default:"20" maximum:"100"`
	}
	type input struct {
		paging
		Shop  string    `path:"shop"`
		Kinds []string  `query:"kind" enum:"green,black,white"`
		Since time.Time `header:"X-Since"`
		Lang  string    `cookie:"lang" default:"en"`
	}
	list := func(_ context.Context, in *input) (string, error) {
		return fmt.Sprintf("%d of %s in %s since %d, in %s", in.Limit, in.Kinds, in.Shop, in.Since.Year(), in.Lang), nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/shops/{shop}/teas", tigertonic.Typed(list))

	request(mux, "GET", "/shops/kyoto/teas?kind=green&kind=white&limit=5", "", "X-Since", "2013-01-02T15:04:05Z", "Cookie", "lang=fr")
	request(mux, "GET", "/shops/kyoto/teas?kind=red&limit=500", "")
	// Output:
	// 200 "5 of [green white] in kyoto since 2013, in fr"
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"parameter":"limit","in":"query","keyword":"maximum","limit":100,"detail":"must be at most 100"},{"parameter":"kind","in":"query","keyword":"enum","limit":["green","black","white"],"detail":"value 1 must be one of black, green, white"}]}
}

// An invalid request gets an error that lists everything wrong with it.
func ExampleTyped_invalid() {
	type item struct {
		SKU string `json:"sku" pattern:"^[a-z]+$"`
		Qty int    `json:"qty" minimum:"1"`
	}
	type order struct {
		Email string `json:"email" format:"email"`
		Items []item `json:"items" minItems:"1"`
	}
	h := tigertonic.Typed(func(context.Context, *order) (struct{}, error) { return struct{}{}, nil })

	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/orders", strings.NewReader(`{"items":[{"sku":"tea","qty":0},{"sku":"TEA"}]}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(w, r)

	var indented bytes.Buffer
	_ = json.Indent(&indented, w.Body.Bytes(), "", "  ")
	fmt.Print(w.Code, " ", w.Header().Get("Content-Type"), "\n", indented.String())
	// Output:
	// 422 application/problem+json
	// {
	//   "title": "Unprocessable Entity",
	//   "status": 422,
	//   "detail": "the request isn't valid",
	//   "errors": [
	//     {
	//       "pointer": "/items/0/qty",
	//       "keyword": "minimum",
	//       "limit": 1,
	//       "detail": "must be at least 1"
	//     },
	//     {
	//       "pointer": "/items/1/sku",
	//       "keyword": "pattern",
	//       "limit": "^[a-z]+$",
	//       "detail": "must match ^[a-z]+$"
	//     },
	//     {
	//       "pointer": "/items/1/qty",
	//       "keyword": "required",
	//       "detail": "is required"
	//     },
	//     {
	//       "pointer": "/email",
	//       "keyword": "required",
	//       "detail": "is required"
	//     }
	//   ]
	// }
}

// A sequence is a stream of values, here a line each. The client has each value
// as soon as it is there.
func ExampleTyped_stream() {
	type reading struct {
		Minute int     `json:"minute"`
		Degree float64 `json:"degree"`
	}
	cool := func(ctx context.Context, _ *struct{}) (iter.Seq2[reading, error], error) {
		return func(yield func(reading, error) bool) {
			for minute, degree := 0, 100.0; degree > 80; minute, degree = minute+1, degree*0.9 {
				if !yield(reading{minute, degree}, ctx.Err()) {
					return
				}
			}
		}, nil
	}
	request(tigertonic.Typed(cool), "GET", "/temperature", "", "Accept", "application/jsonl")
	request(tigertonic.Typed(cool), "GET", "/temperature", "", "Accept", "application/json")
	// Output:
	// 200 {"minute":0,"degree":100}
	// {"minute":1,"degree":90}
	// {"minute":2,"degree":81}
	// 200 [{"minute":0,"degree":100},{"minute":1,"degree":90},{"minute":2,"degree":81}]
}

// What an endpoint says of itself is described, and so is what can be seen of
// its types.
func ExampleEndpoint_Errors() {
	type input struct {
		ID string `path:"id" maxLength:"10"`
	}
	e := tigertonic.Typed(func(context.Context, *input) (struct{}, error) { return struct{}{}, nil }).
		Summary("Sell a tea").
		Errors(
			tigertonic.NotFound{Err: errors.New("there is no such tea")},
			tigertonic.Conflict{Err: errors.New("the tea is sold out")},
		)
	var op tigertonic.Operation
	e.Describe(&op)
	fmt.Println(op.Summary)
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		fmt.Println(status, op.Responses[status].Description)
	}
	// Output:
	// Sell a tea
	// 204 No Content
	// 400 the request can't be read
	// 404 there is no such tea
	// 409 the tea is sold out
	// 422 the request isn't valid
	// 500 the service has failed
}

// An Opt tells what is absent from what is null.
func ExampleOpt() {
	type change struct {
		Nickname tigertonic.Opt[string] `json:"nickname,omitzero" maxLength:"10"`
	}
	for _, text := range []string{`{}`, `{"nickname":null}`, `{"nickname":"Ada"}`} {
		var c change
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			panic(err)
		}
		again, _ := json.Marshal(c)
		fmt.Println(c.Nickname.IsZero(), c.Nickname.IsNull(), c.Nickname.Or("nobody"), string(again))
	}
	// Output:
	// true false nobody {}
	// false true nobody {"nickname":null}
	// false false Ada {"nickname":"Ada"}
}

// A merge patch names what is to be changed, and null removes it. The result is
// checked like any other body.
func ExamplePatch() {
	type profile struct {
		Name string            `json:"name" minLength:"1"`
		Bio  string            `json:"bio,omitempty"`
		Tags map[string]string `json:"tags,omitempty"`
	}
	stored := profile{Name: "Ada", Bio: "Countess", Tags: map[string]string{"a": "1", "b": "2"}}
	h := tigertonic.Typed(func(ctx context.Context, patch *tigertonic.Patch[profile]) (profile, error) {
		p := stored
		err := patch.Apply(ctx, &p)
		return p, err
	})
	const mergePatch = "application/merge-patch+json"
	request(h, "PATCH", "/profile", `{"bio":null,"tags":{"a":null,"c":"3"}}`, "Content-Type", mergePatch)
	request(h, "PATCH", "/profile", `{"name":""}`, "Content-Type", mergePatch)
	// Output:
	// 200 {"name":"Ada","tags":{"b":"2","c":"3"}}
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/name","keyword":"minLength","limit":1,"detail":"must be at least 1 character long"}]}
}

// stay is valid if it ends after it begins, which no tag can say.
type stay struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (s stay) Validate(context.Context) error {
	if s.To.Before(s.From) {
		return tigertonic.FieldErrors{{Pointer: "/to", Detail: "must not be before from"}}
	}
	return nil
}

// A type is asked wherever it is in an input. The places that it names begin at
// its own.
func ExampleValidator() {
	type trip struct {
		Stays []stay `json:"stays"`
	}
	h := tigertonic.Typed(func(context.Context, *trip) (struct{}, error) { return struct{}{}, nil })
	request(h, "POST", "/trips", `{"stays":[{"from":"2026-05-04T00:00:00Z","to":"2026-05-01T00:00:00Z"}]}`, "Content-Type", "application/json")
	// Output: 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/stays/0/to","detail":"must not be before from"}]}
}

// A function returns FieldErrors for what only it can know.
func ExampleFieldErrors() {
	type input struct {
		Page int `query:"page"`
		Body struct {
			Email string `json:"email" format:"email"`
		} `body:""`
	}
	h := tigertonic.Typed(func(context.Context, *input) (struct{}, error) {
		return struct{}{}, tigertonic.FieldErrors{
			{Pointer: "/email", Detail: "is taken"},
			{Parameter: "page", In: "query", Detail: "is behind the last one"},
		}
	})
	request(h, "POST", "/users", `{"email":"ada@example.com"}`, "Content-Type", "application/json")
	// Output: 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/email","detail":"is taken"},{"parameter":"page","in":"query","detail":"is behind the last one"}]}
}

// What is collected is an error only if there is something.
func ExampleFieldErrors_Err() {
	validate := func(names ...string) error {
		var errs tigertonic.FieldErrors
		for i, name := range names {
			if name == "" {
				errs = append(errs, tigertonic.FieldError{Pointer: fmt.Sprintf("/names/%d", i), Detail: "is empty"})
			}
		}
		return errs.Err()
	}
	fmt.Println(validate("Ada", "Eve"))
	fmt.Println(validate("Ada", "", ""))
	// Output:
	// <nil>
	// /names/1: is empty; /names/2: is empty
}

func ExampleSchemaOf() {
	type tea struct {
		Name  string                 `json:"name" minLength:"1"`
		Kind  string                 `json:"kind" enum:"green,black" default:"green"`
		Notes tigertonic.Opt[string] `json:"notes,omitzero" doc:"How it tastes."`
	}
	schema := tigertonic.SchemaOf[tea]()
	for _, p := range schema.Properties {
		fmt.Println(p.Name, p.Schema.Types, p.Required)
	}
	fmt.Println(schema.Name, *schema.Properties[0].Schema.MinLength)
	fmt.Printf("%s\n", schema.Properties[1].Schema.Enum)
	fmt.Println(schema.Properties[2].Schema.Description)
	// Output:
	// name [string] true
	// kind [string] false
	// notes [string null] false
	// tea 1
	// ["green" "black"]
	// How it tastes.
}

// limiter is a middleware that says what it does to an operation.
type limiter struct{ http.Handler }

func (l limiter) Unwrap() http.Handler { return l.Handler }

func (l limiter) Describe(op *tigertonic.Operation) {
	op.AddError(http.StatusTooManyRequests, "there have been too many requests")
}

func ExampleDescriber() {
	h := limiter{tigertonic.NotFoundHandler{}}
	var op tigertonic.Operation
	h.Describe(&op)
	fmt.Println(op.Responses["429"].Description)
	// Output: there have been too many requests
}

// A client gets the details of what is wrong in German, or in English.
func ExampleLocalized() {
	german := func(e tigertonic.FieldError) string {
		switch e.Keyword {
		case "minimum":
			return "muss mindestens " + e.Limit + " sein"
		case "required":
			return "fehlt"
		}
		return "" // the English text
	}
	type order struct {
		Item  string `json:"item"`
		Count int    `json:"count" minimum:"1"`
	}
	h := tigertonic.Localized(
		tigertonic.Typed(func(context.Context, *order) (struct{}, error) { return struct{}{}, nil }),
		func(acceptLanguage string) (string, func(tigertonic.FieldError) string) {
			if strings.HasPrefix(acceptLanguage, "de") { // golang.org/x/text/language has a Matcher
				return "de", german
			}
			return "en", nil
		})
	for _, language := range []string{"de-AT,de;q=0.8", "en"} {
		request(h, "POST", "/", `{"count":0}`, "Content-Type", "application/json", "Accept-Language", language)
	}
	// Output:
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/count","keyword":"minimum","limit":1,"detail":"muss mindestens 1 sein"},{"pointer":"/item","keyword":"required","detail":"fehlt"}]}
	// 422 {"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/count","keyword":"minimum","limit":1,"detail":"must be at least 1"},{"pointer":"/item","keyword":"required","detail":"is required"}]}
}

// A query may have lists with commas, objects, and values that are empty. StrictQuery refuses
// names that aren't known.
func ExampleEndpoint_StrictQuery() {
	type filter struct {
		Status string   `query:"status" enum:"open,closed"`
		Labels []string `query:"labels,comma"`
	}
	type search struct {
		IDs    []int  `query:"ids,comma"`
		Limit  int    `query:"limit,omitempty" default:"20"`
		Filter filter `query:"filter,deepObject" doc:"Which of them."`
	}
	h := tigertonic.Typed(func(_ context.Context, in *search) (string, error) {
		return fmt.Sprint(in.IDs, in.Limit, in.Filter), nil
	}).StrictQuery()
	request(h, "GET", "/?ids=1,2&limit=&filter[status]=open&filter[labels]=a,b", "")
	request(h, "GET", "/?limt=5", "")
	// Output:
	// 200 "[1 2] 20 {open [a b]}"
	// 400 {"title":"Bad Request","status":400,"detail":"the request can't be read","errors":[{"parameter":"limt","in":"query","detail":"isn't known: there are ids, limit, filter[status], filter[labels]"}]}
}

// A mux refuses what its endpoints don't know, but for one of them.
func ExampleStrictQuery() {
	type search struct {
		Limit int `query:"limit" default:"20"`
	}
	find := func(_ context.Context, in *search) (int, error) { return in.Limit, nil }
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/notes", tigertonic.Typed(find))
	mux.Handle("GET", "/legacy", tigertonic.Typed(find).AnyQuery())
	h := tigertonic.StrictQuery(mux)
	request(h, "GET", "/notes?limit=5", "")
	request(h, "GET", "/notes?limt=5", "")
	request(h, "GET", "/legacy?limt=5", "")
	// Output:
	// 200 5
	// 400 {"title":"Bad Request","status":400,"detail":"the request can't be read","errors":[{"parameter":"limt","in":"query","detail":"isn't known: there are limit"}]}
	// 200 20
}

func ExampleEndpoint_AnyQuery() {
	echo := tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "seen", nil }).AnyQuery()
	request(tigertonic.StrictQuery(echo), "GET", "/?utm_source=mail", "")
	// Output: 200 "seen"
}

// A map in the query takes members of any name.
func ExampleTyped_deepObject() {
	type search struct {
		Labels map[string]string `query:"labels,deepObject" maxLength:"10" maxProperties:"2"`
	}
	h := tigertonic.Typed(func(_ context.Context, in *search) (map[string]string, error) { return in.Labels, nil })
	request(h, "GET", "/?labels[color]=red&labels[size]=xl", "")
	request(h, "GET", "/?labels[color][dark]=red", "")
	// Output:
	// 200 {"color":"red","size":"xl"}
	// 400 {"title":"Bad Request","status":400,"detail":"the request can't be read","errors":[{"parameter":"labels[color][dark]","in":"query","detail":"has nested brackets, but the members of labels aren't objects or arrays"}]}
}
