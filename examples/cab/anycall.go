package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/eta"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/experiment"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/fare"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/features"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/hob"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/zoning"
)

// An anyCall forwards each request to the endpoint that it names. Anybody may call those of
// the public API, and operators may call all of them.
type anyCall struct {
	process   *process
	endpoints map[string]endpoint
}

// An endpoint says how to call one endpoint of a service.
type endpoint struct {
	service, name, method string
	id                    bool // its path has one
	public                bool
}

// A namedCall is the body of a request to /rpc.
type namedCall struct {
	Service  string                    `json:"service" doc:"The service." example:"com.hailocab.service.job"`
	Endpoint string                    `json:"endpoint" doc:"The endpoint." example:"offers"`
	Request  map[string]jsontext.Value `json:"request,omitempty" doc:"The parameters of its path and query, and the members of its body."`
}

type namedCallIn struct {
	Body namedCall `body:""`
}

// An operator is a caller who may use every endpoint.
type operator struct{}

// isOperator checks the token of an operator.
func (p *process) isOperator(_ context.Context, token string) (operator, error) {
	if p.options.token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(p.options.token)) == 0 {
		return operator{}, errors.New("the token isn't that of CAB_TOKEN")
	}
	return operator{}, nil
}

// handleAnyCall registers /rpc.
func (p *process) handleAnyCall(mux *tigertonic.TrieServeMux, public map[string]bool) {
	typed := tigertonic.Typed(func(context.Context, *namedCallIn) (jsontext.Value, error) { return nil, nil }).
		OperationID("call").Summary("Call an endpoint by its name").Tags("operators").
		Description("Operators, who send the token of CAB_TOKEN, may call every endpoint; anybody may call those of the public API. The response is the endpoint's own.").
		Errors(errForbidden(), errNoEndpoint("com.hailocab.service.none.such"))
	h := tigertonic.Described(&anyCall{p, p.endpoints(public)}, func(op *tigertonic.Operation) {
		typed.Describe(op)
		accepted := op.Response(http.StatusAccepted)
		accepted.Description = "The endpoint will see to it."
		accepted.Add("application/json", tigertonic.MediaType{Schema: tigertonic.SchemaOf[jsontext.Value]()})
		accepted.SetHeader("Location", "Where to follow what becomes of it.", nil)
		op.ResponseRange("default").Description = "The endpoint's response."
		op.ResponseRange("default").Add("application/problem+json", tigertonic.MediaType{Schema: tigertonic.SchemaOf[map[string]any]()})
		traced(op)
	})
	mux.Handle("POST", "/rpc", tigertonic.Authenticated(p.limited(h), tigertonic.BearerAuth(p.isOperator).Realm("cab"), tigertonic.Anonymous()))
}

func errForbidden() error {
	return rpc.Fail(http.StatusForbidden, thinAPI+".forbidden", "only operators may call it")
}

func errNoEndpoint(name string) error {
	return rpc.Fail(http.StatusNotFound, thinAPI+".noendpoint", "there is no endpoint %q", name)
}

// endpoints returns those of all services, wherever they are, by their names.
func (p *process) endpoints(public map[string]bool) map[string]endpoint {
	found := map[string]endpoint{}
	for service, h := range map[string]http.Handler{
		config.Name: new(config.Service).Handler(), customer.Name: customer.New(p.node).Handler(), eta.Name: eta.New(nil, nil).Handler(),
		experiment.Name: experiment.New(time.Time{}).Handler(), fare.Name: fare.New(nil).Handler(), features.Name: features.New(p.node).Handler(),
		hob.Name: hob.New().Handler(), jobs.Name: jobs.New(p.node, nil, nil, nil).Handler(), nearest.Name: nearest.New(p.node, nil).Handler(),
		raziel.Name: new(raziel.Service).Handler(), zoning.Name: zoning.New(city()).Handler(),
	} {
		for _, route := range tigertonic.Routes(h) {
			name, rest, _ := strings.Cut(strings.TrimPrefix(route.Pattern, "/"), "/")
			whole := service + "." + name
			found[whole] = endpoint{service, name, route.Method, rest == "{id}", public[whole]}
		}
	}
	return found
}

func (a *anyCall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, rq, err := a.read(r)
	if err != nil {
		tigertonic.ProblemWriter{}.WriteError(r, w, err)
		return
	}
	(&forward{process: a.process, service: e.service, endpoint: e.name, traced: true}).ServeHTTP(w, rq)
}

// read returns which endpoint is called, and the request to pass on.
func (a *anyCall) read(r *http.Request) (e endpoint, rq *http.Request, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return e, nil, tigertonic.UnsupportedMediaType{Err: errors.New("a call must be application/json")}
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return e, nil, err
	}
	var c namedCall
	if err := json.Unmarshal(text, &c, json.RejectUnknownMembers(true)); err != nil {
		if jsontext.Value(text).IsValid() {
			return e, nil, tigertonic.UnprocessableEntity{Err: errors.New("a call needs a service, an endpoint and a request, which is an object")}
		}
		return e, nil, tigertonic.BadRequest{Err: errors.New("the body isn't JSON")}
	}
	name := c.Service + "." + c.Endpoint
	e, known := a.endpoints[name]
	if _, is := tigertonic.Principal[operator](r.Context()); !is && !e.public {
		return e, nil, errForbidden()
	}
	if !known {
		return e, nil, errNoEndpoint(name)
	}
	rq, err = e.request(r, c.Request)
	return e, rq, err
}

// request returns r with the path, query and body that the members of a call make.
func (e *endpoint) request(r *http.Request, members map[string]jsontext.Value) (*http.Request, error) {
	rq := (&http.Request{Method: e.method, URL: &url.URL{}, Header: r.Header, Body: http.NoBody}).WithContext(r.Context())
	if e.id {
		id, err := textsOf("id", members["id"])
		if err != nil || len(id) != 1 || id[0] == "" {
			return nil, rpc.Fail(http.StatusUnprocessableEntity, thinAPI+".noid", "the request has no id")
		}
		rq.SetPathValue("id", id[0])
		delete(members, "id")
	}
	if e.method != http.MethodGet {
		text, err := json.Marshal(members)
		if err != nil {
			return nil, err
		}
		rq.Body = io.NopCloser(bytes.NewReader(text))
		return rq, nil
	}
	query := url.Values{}
	for name, v := range members {
		texts, err := textsOf(name, v)
		if err != nil {
			return nil, err
		}
		query[name] = texts
	}
	rq.URL.RawQuery = query.Encode()
	return rq, nil
}

// textsOf returns a value as texts for a query.
func textsOf(name string, v jsontext.Value) ([]string, error) {
	switch v.Kind() {
	case '"':
		var text string
		err := json.Unmarshal(v, &text)
		return []string{text}, err
	case '0', 't', 'f':
		return []string{string(v)}, nil
	case 'n', 0:
		return nil, nil
	case '[':
		var list []jsontext.Value
		if err := json.Unmarshal(v, &list); err != nil {
			return nil, err
		}
		var all []string
		for _, item := range list {
			if item.Kind() == '[' {
				return nil, errNoParameter(name)
			}
			texts, err := textsOf(name, item)
			if err != nil {
				return nil, err
			}
			all = append(all, texts...)
		}
		return all, nil
	}
	return nil, errNoParameter(name)
}

func errNoParameter(name string) error {
	return rpc.Fail(http.StatusUnprocessableEntity, thinAPI+".query", "%q is a parameter of the query, so it must be a string, a number, a boolean or a list of these", name)
}
