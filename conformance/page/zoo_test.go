package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The zoo is a service with all that a page has to show. What its handlers answer
// is what the tests look for.

func text(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func raw(values ...string) (list []json.RawMessage) {
	for _, value := range values {
		list = append(list, json.RawMessage(value))
	}
	return list
}

func stringOf(description string) *schema.Schema {
	return &schema.Schema{Types: []string{"string"}, Description: description}
}

func named(name string, s *schema.Schema) *schema.Schema {
	s.Name, s.Origin.Package = name, "example.com/zoo"
	return s
}

var (
	kind = named("Kind", &schema.Schema{
		Types: []string{"string"}, Enum: raw(`"tiger"`, `"lion"`, `"red panda"`), Description: "What an animal is.",
	})
	money = named("Money", &schema.Schema{
		Types: []string{"object"}, Closed: true, Description: "An amount in the smallest unit of its currency.",
		Properties: []schema.Property{
			{Name: "amount", Required: true, Schema: &schema.Schema{Types: []string{"integer"}, Format: "int64", Minimum: "0", Examples: raw("129900")}},
			{Name: "currency", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Pattern: "^[A-Z]{3}$", Description: "ISO 4217", Examples: raw(`"EUR"`)}},
		},
	})
	animal  = newAnimal()
	problem = named("Problem", &schema.Schema{
		Types: []string{"object"}, Description: "What went wrong (RFC 9457).",
		Properties: []schema.Property{
			{Name: "title", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Examples: raw(`"Unprocessable Entity"`)}},
			{Name: "status", Required: true, Schema: &schema.Schema{Types: []string{"integer"}, Examples: raw("422")}},
			{Name: "detail", Schema: stringOf("")},
			{Name: "errors", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{
				Types: []string{"object"}, Properties: []schema.Property{
					{Name: "pointer", Schema: &schema.Schema{Types: []string{"string"}, Format: "json-pointer"}},
					{Name: "detail", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Examples: raw(`"must be at least 1"`)}},
				},
			}}},
		},
	})
)

// newAnimal returns a schema that contains itself.
func newAnimal() *schema.Schema {
	one, many := 1, 80
	a := named("Animal", &schema.Schema{Types: []string{"object"}, Closed: true, Description: "An animal that lives in the zoo, or *did*."})
	a.Properties = []schema.Property{
		{Name: "id", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "uuid"}},
		{Name: "name", Required: true, Schema: &schema.Schema{Types: []string{"string"}, MinLength: &one, MaxLength: &many, Description: "What the keepers call it.", Examples: raw(`"Shere Khan"`)}},
		{Name: "kind", Required: true, Schema: &schema.Schema{Ref: kind}},
		{Name: "weight", Schema: &schema.Schema{Types: []string{"number"}, ExclusiveMinimum: "0", Maximum: "6000", Description: "In kilograms.", Examples: raw("220.5")}},
		{Name: "born", Schema: &schema.Schema{Types: []string{"string", "null"}, Format: "date-time"}},
		{Name: "insured", Schema: &schema.Schema{AnyOf: []*schema.Schema{{Ref: money}, {Types: []string{"null"}}}, Description: "For how much it is insured, if it is."}},
		{Name: "labels", Schema: &schema.Schema{Types: []string{"object"}, Additional: stringOf(""), Description: "Yours to fill."}},
		{Name: "cubs", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: a}}},
		{Name: "cage", Schema: &schema.Schema{Types: []string{"string"}, Deprecated: true, Description: "There are no cages any more: see `habitat`."}},
	}
	return a
}

func content(s *schema.Schema) tigertonic.MediaType { return tigertonic.MediaType{Schema: s} }

// answers adds a success with a schema, or without content, and problems.
func answers(op *tigertonic.Operation, status int, s *schema.Schema, problems ...int) {
	rs := op.Response(status)
	if s != nil {
		rs.Add("application/json", content(s))
	}
	for _, status := range problems {
		op.Response(status).Add("application/problem+json", content(&schema.Schema{Ref: problem}))
	}
}

func takes(op *tigertonic.Operation, s *schema.Schema) {
	op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{"application/json": content(s)}}
}

func guarded(op *tigertonic.Operation) {
	op.Security = append(op.Security, tigertonic.SecurityScheme{Name: "keepers", Scheme: "basic", Description: "keepers only"})
	op.Response(http.StatusUnauthorized).SetHeader("WWW-Authenticate", "The challenge.", stringOf(""))
}

// answerJSON answers with what there is to tell of a request.
func answerJSON(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	user, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Zoo", "open")
	if err := json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "path": r.URL.EscapedPath(), "query": r.URL.RawQuery, "body": string(body),
		"type": r.Header.Get("Content-Type"), "ifMatch": r.Header.Get("If-Match"), "user": user, "password": password,
		"big": json.Number("12345678901234567890"),
	}); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// newZoo returns the service with its page at /docs/ and the requests it serves.
func newZoo(hostile bool) *httptest.Server {
	mux := tigertonic.NewTrieServeMux()
	add := func(method, pattern, tag, summary string, describe func(op *tigertonic.Operation)) {
		mux.Handle(method, pattern, tigertonic.Described(http.HandlerFunc(answerJSON), func(op *tigertonic.Operation) {
			op.Summary, op.Tags = summary, strings.Split(tag, ", ")
			describe(op)
		}))
	}
	addAnimals(add)
	addRest(add)
	mux.Handle("GET", "/1.0/feedings", tigertonic.Described(http.HandlerFunc(endless), func(op *tigertonic.Operation) {
		op.Summary, op.Tags = "Follow the feedings", []string{"Feeding"}
		op.Description = "A stream that ends when you go."
		feeding := named("Feeding", &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
			{Name: "animal", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "uuid"}},
			{Name: "at", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "date-time"}},
		}})
		for _, mediaType := range []string{"application/json", "application/jsonl", "text/event-stream"} {
			op.Response(http.StatusOK).Add(mediaType, tigertonic.MediaType{Items: &schema.Schema{Ref: feeding}})
		}
	}))
	mux.Handle("DELETE", "/1.0/animals/{id}", tigertonic.HTTPBasicAuth(map[string]string{"keeper": "wörd"}, "zoo",
		tigertonic.Described(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
			func(op *tigertonic.Operation) {
				op.Summary, op.Tags, op.Deprecated = "Let an animal go", []string{"Animals"}, true
				op.Description = "There is no way back. Use `PUT /1.0/animals/{id}/habitat` to move it."
				answers(op, 204, nil, 404)
			})))
	if hostile {
		addHostile(add)
	}
	docInfo := openapi.Info{
		Title: "Zoo", Version: "1.4.0", Summary: "Animals, their keepers and what they eat.",
		Description: "Everything the zoo does, over HTTP. Requests and responses are **JSON**; errors are problems as in " +
			"[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), and a `5xx` tells nothing but the ID of the request.\n\n" +
			"- Reading needs no password.\n- Writing is for keepers.\n- Feeding is *live*.",
	}
	if hostile {
		docInfo.Title, docInfo.Summary, docInfo.Description = evil, evil, evil+"\n\n["+evil+"](javascript:pwned())\n\n```\n"+evil
	}
	mux.Handle("GET", "/docs/", openapi.Page(openapi.New(mux, docInfo)))
	return httptest.NewServer(mux)
}

func addAnimals(add func(method, pattern, tag, summary string, describe func(op *tigertonic.Operation))) {
	hundred, three := 100, 3
	add("GET", "/1.0/animals", "Animals", "List animals", func(op *tigertonic.Operation) {
		op.ID = "listAnimals"
		op.Description = "All animals, the *oldest first*. Pages are asked for by `limit` and `after`, and the next one is in the header `Link`."
		op.Parameters = []tigertonic.Parameter{
			{Name: "kind", In: "query", Description: "Only animals of these kinds.", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: kind}, MaxItems: &three}},
			{Name: "limit", In: "query", Description: "How many there are on a page.", Schema: &schema.Schema{Types: []string{"integer"}, Minimum: "1", Maximum: "100", Default: json.RawMessage("20")}},
			{Name: "after", In: "query", Schema: stringOf("The ID of the last animal of the page before.")},
			{Name: "sleeping", In: "query", Schema: &schema.Schema{Types: []string{"boolean"}}},
			{Name: "sort", In: "query", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Enum: raw(`"born"`, `"name"`)}},
			{Name: "name", In: "query", Schema: &schema.Schema{Types: []string{"string"}, MaxLength: &hundred}},
		}
		answers(op, 200, &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: animal}}, 400, 422)
		op.Response(http.StatusOK).SetHeader("Link", "The next page (RFC 8288).", stringOf(""))
	})
	add("POST", "/1.0/animals", "Animals", "Take in an animal", func(op *tigertonic.Operation) {
		op.Description = "It gets an ID, and a place of its own."
		takes(op, &schema.Schema{Ref: animal})
		answers(op, 201, &schema.Schema{Ref: animal}, 400, 413, 415, 422)
		op.Response(http.StatusCreated).SetHeader("Location", "Where the animal is.", &schema.Schema{Types: []string{"string"}, Format: "uri-reference"})
		guarded(op)
	})
	add("GET", "/1.0/animals/{id}", "Animals", "Look at an animal", func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{{Name: "id", In: "path", Required: true, Schema: stringOf("The animal’s ID.")}}
		answers(op, 200, &schema.Schema{Ref: animal}, 404)
	})
	add("PUT", "/1.0/animals/{id}/habitat", "Animals", "Move an animal", func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{
			{Name: "id", In: "path", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "uuid"}},
			{Name: "If-Match", In: "header", Description: "The `ETag` of the animal that you have seen.", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Examples: raw(`"\"33a64df5\""`)}},
		}
		takes(op, &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
			{Name: "habitat", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Pattern: `^[a-z]+(-[a-z]+)*$`}},
			{Name: "with", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Types: []string{"string"}, Format: "uuid"}, UniqueItems: true}},
		}})
		answers(op, 200, &schema.Schema{Ref: animal}, 404, 412, 422)
		guarded(op)
	})
	add("PATCH", "/1.0/animals/{id}", "Animals", "Change an animal", func(op *tigertonic.Operation) {
		op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{
			"application/merge-patch+json": content(&schema.Schema{Ref: animal}),
		}}
		answers(op, 200, &schema.Schema{Ref: animal}, 404, 422)
		guarded(op)
	})
}

func addRest(add func(method, pattern, tag, summary string, describe func(op *tigertonic.Operation))) {
	add("GET", "/1.0/keepers", "Keepers", "List keepers", func(op *tigertonic.Operation) {
		keeper := named("Keeper", &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
			{Name: "name", Required: true, Schema: stringOf("")},
			{Name: "mail", Schema: &schema.Schema{Types: []string{"string"}, Format: "email"}},
			{Name: "looksAfter", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: animal}}},
		}})
		answers(op, 200, &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: keeper}})
	})
	add("GET", "/1.0/session", "Keepers", "", func(op *tigertonic.Operation) {
		op.Parameters = []tigertonic.Parameter{{Name: "session", In: "cookie", Required: true, Schema: stringOf("")}}
		answers(op, 200, &schema.Schema{Types: []string{"object"}, Additional: &schema.Schema{}})
	})
	add("GET", "/1.0/files/{path...}", "Files", "Fetch a file", func(op *tigertonic.Operation) {
		op.Description = "Photographs and papers, by their path."
		op.Response(http.StatusOK).Add("application/octet-stream", tigertonic.MediaType{})
		op.Response(http.StatusNotFound)
	})
	add("POST", "/1.0/rest", "Keepers, Animals", "Let an animal rest", func(op *tigertonic.Operation) {
		op.Description = "It is left alone for as long as you say."
		op.Parameters = []tigertonic.Parameter{
			{Name: "for", In: "query", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "go-duration"}},
			{Name: "animal", In: "query", Required: true, Schema: stringOf("Its name.")},
			{Name: "If-Match", In: "header", Required: true, Schema: stringOf("The `ETag` that you have seen.")},
		}
		op.Security = []tigertonic.SecurityScheme{{Name: "token", Scheme: "bearer", Description: "a keeper’s token"}}
		answers(op, 204, nil, 400, 401, 404, 406, 409, 412, 413, 415, 422, 429, 500, 503)
	})
	add("POST", "/1.0/feedings", "Feeding", "Feed", func(op *tigertonic.Operation) {
		takes(op, &schema.Schema{AnyOf: []*schema.Schema{
			{Types: []string{"object"}, Description: "Meat, for those who eat it.", Properties: []schema.Property{
				{Name: "meat", Required: true, Schema: &schema.Schema{Types: []string{"number"}, Minimum: "0.5", MultipleOf: "0.5", Description: "In kilograms."}},
			}},
			{Types: []string{"object"}, Description: "Leaves, for all others.", Properties: []schema.Property{
				{Name: "leaves", Required: true, Schema: &schema.Schema{Types: []string{"integer"}, Minimum: "1"}},
			}},
		}})
		answers(op, 202, nil, 422, 429)
		op.Response(http.StatusTooManyRequests).SetHeader("Retry-After", "In seconds.", &schema.Schema{Types: []string{"integer"}})
	})
}

// endless sends an event now and then until the client goes.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Accept"))
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	for n := 1; ; n++ {
		_, err := fmt.Fprintf(w, "{\"n\":%d}\n", n)
		if err = errors.Join(err, http.NewResponseController(w).Flush()); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticks.C:
		}
	}
}

// evil is what would run if it were taken for more than text.
const evil = `</script></style></textarea></code><img src=x onerror=pwned()><script>pwned()</script>"'` + "`" + `><svg onload=pwned()>`

func addHostile(add func(method, pattern, tag, summary string, describe func(op *tigertonic.Operation))) {
	add("POST", "/evil/{id}", evil, evil, func(op *tigertonic.Operation) {
		op.Description = evil
		bad := &schema.Schema{
			Types: []string{"string"}, Description: evil, Pattern: "^" + "<img src=x onerror=pwned\\(\\)>" + "$",
			Enum: []json.RawMessage{text(evil)}, Default: text(evil), Examples: []json.RawMessage{text(evil)},
		}
		op.Parameters = []tigertonic.Parameter{{Name: evil, In: "query", Description: evil, Required: true, Schema: bad}, {Name: "list", In: "query", Schema: &schema.Schema{Types: []string{"array"}, Items: bad}}}
		op.Security = []tigertonic.SecurityScheme{{Name: "evil", Scheme: "basic", Description: evil}}
		o := named("Evil", &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{{Name: evil, Required: true, Schema: bad}}})
		takes(op, &schema.Schema{Ref: o})
		answers(op, 200, &schema.Schema{Ref: o})
		op.Response(http.StatusOK).Description = evil
	})
}
