package tigertonic_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// describedBy returns what the handlers on the way to h's one operation say of it,
// in the order in which package openapi asks them.
func describedBy(h http.Handler) *tigertonic.Operation {
	op := &tigertonic.Operation{}
	rt := tigertonic.Routes(h)[0]
	for _, h := range slices.Backward(append(slices.Clip(rt.Wrappers), rt.Handler)) {
		if d, ok := h.(tigertonic.Describer); ok {
			d.Describe(op)
		}
	}
	return op
}

// sayType says a schema in a few words.
func sayType(s *schema.Schema) string {
	switch {
	case s == nil:
		return "anything"
	case s.Name != "":
		return s.Name
	case s.Ref != nil:
		return sayType(s.Ref)
	case len(s.AnyOf) > 0:
		var all []string
		for _, one := range s.AnyOf {
			all = append(all, sayType(one))
		}
		return strings.Join(all, "|")
	}
	text := strings.Join(s.Types, "|")
	if s.Items != nil {
		text += " of " + sayType(s.Items)
	}
	for _, part := range []struct{ name, value string }{
		{"format ", s.Format}, {"≥", s.Minimum}, {"≤", s.Maximum}, {"default ", string(s.Default)},
	} {
		if part.value != "" && !strings.Contains(part.value, "9223372036854775807") && !strings.Contains(part.value, "9223372036854775808") {
			text += " " + part.name + part.value
		}
	}
	return cmp.Or(text, "anything")
}

// sayContent is content in a few words.
func sayContent(content map[string]tigertonic.MediaType) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(content)) {
		text := name + " " + sayType(content[name].Schema)
		if items := content[name].Items; items != nil {
			text += " (items " + sayType(items) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// sayOperation is an operation in lines, whose order is fixed.
func sayOperation(op *tigertonic.Operation) string {
	var b strings.Builder
	if op.ID+op.Summary+op.Description != "" || op.Deprecated || len(op.Tags) > 0 {
		fmt.Fprintf(&b, "%s: %s: %s %v deprecated=%v\n", op.ID, op.Summary, op.Description, op.Tags, op.Deprecated)
	}
	for _, p := range op.Parameters {
		fmt.Fprintf(&b, "%s %s required=%v: %s: %s\n", p.In, p.Name, p.Required, sayType(p.Schema), p.Description)
	}
	if op.Body != nil {
		fmt.Fprintf(&b, "body required=%v: %s\n", op.Body.Required, sayContent(op.Body.Content))
	}
	for i := range op.Security {
		s := &op.Security[i]
		fmt.Fprintf(&b, "security %s: %s\n", s.Scheme, s.Description)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		rs := op.Responses[status]
		fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("%s %s: %s", status, rs.Description, sayContent(rs.Content))))
		for _, name := range slices.Sorted(maps.Keys(rs.Headers)) {
			fmt.Fprintf(&b, "  %s: %s\n", name, sayType(rs.Headers[name].Schema))
		}
	}
	return b.String()
}

const (
	failed        = "500 the service has failed: application/problem+json Problem\n"
	notAcceptable = "406 the media type isn't accepted: application/problem+json Problem\n"
	unread        = "400 the request can't be read: application/problem+json InvalidRequest\n"
	unprocessable = "422 the request isn't valid: application/problem+json InvalidRequest\n"
	tooLong       = "413 the body is too long: application/problem+json Problem\n"
	notJSON       = "415 the body is not application/json: application/problem+json Problem\n"
)

// responsesSorted returns what is said with the responses in their order.
func responsesSorted(text string) string {
	responses := regexp.MustCompile(`(?m)^[2-5].*\n( .*\n)*`)
	all := responses.FindAllString(text, -1)
	slices.Sort(all)
	return responses.ReplaceAllString(text, "") + strings.Join(all, "")
}

type describedInput struct {
	ID    string     `path:"id" doc:"The one."`
	Limit int        `query:"limit" default:"20" minimum:"1" maximum:"100"`
	Tags  []string   `query:"tag"`
	Match string     `header:"if-match" required:"true"`
	Since *time.Time `cookie:"since"`
	Body  tea        `body:"" doc:"The tea."`
}

func TestEndpointDescribesItself(t *testing.T) {
	location := "  Location: string format uri-reference\n"
	for name, tt := range map[string]struct {
		h    http.Handler
		want string
	}{
		"a value":                 {returning(sencha, nil), "200 OK: application/json tea\n" + notAcceptable + failed},
		"a pointer":               {returning(&sencha, nil), "200 OK: application/json tea\n204 No Content:\n" + notAcceptable + failed},
		"nothing":                 {returning(struct{}{}, nil), "204 No Content:\n" + failed},
		"a slice":                 {returning([]int{}, nil), "200 OK: application/json array of integer format int64\n" + notAcceptable + failed},
		"created":                 {returning(tigertonic.CreatedResponse[tea]{}, nil), "201 Created: application/json tea\n" + location + notAcceptable + failed},
		"accepted":                {returning(tigertonic.AcceptedResponse[tea]{}, nil), "202 Accepted: application/json tea\n" + location + notAcceptable + failed},
		"created without a body":  {returning(tigertonic.CreatedResponse[struct{}]{}, nil), "201 Created:\n" + location + failed},
		"accepted without a body": {returning(tigertonic.AcceptedResponse[struct{}]{}, nil), "202 Accepted:\n" + location + failed},
		"a response":              {respondingWith(0, nil, sencha), "2XX Success: application/json tea\n" + "406 " + notAcceptable[4:] + failed},
		"a stream":                {returning(tigertonic.Stream{}, nil), "200 OK: */* anything\n" + notAcceptable + failed},
		"a sequence": {returning(seqOf(sencha), nil), "200 a stream; of server-sent events, the last one is called end, or problem if the stream has failed: application/json array of tea (items tea), application/jsonl string (items tea), " +
			"application/x-ndjson string (items tea), text/event-stream string (items tea)\n" + "204 a browser has had the last event, and says so in Last-Event-ID:\n" + notAcceptable + failed},
		"a sequence in a response": {respondingWith[iter.Seq2[tea, error]](0, nil, nil), "204 a browser has had the last event, and says so in Last-Event-ID:\n2XX a stream; of server-sent events, the last one is called end, or problem if the stream has failed: application/json array of tea (items tea), application/jsonl string (items tea), " +
			"application/x-ndjson string (items tea), text/event-stream string (items tea)\n" + notAcceptable + failed},
		"words": {
			returning(struct{}{}, nil).Summary("S").Description("D").Tags("a").Tags("b", "c").OperationID("I").Deprecated(),
			"I: S: D [a b c] deprecated=true\n204 No Content:\n" + failed,
		},
		"errors": {
			returning(struct{}{}, nil).Errors(tigertonic.NotFound{errors.New("no tea")}, tigertonic.NotFound{errors.New("no pot")}, tigertonic.Conflict{}, tigertonic.BadGateway{errLeak}, tigertonic.Problem{Status: 402, Detail: "pay"}),
			"204 No Content:\n402 pay: application/problem+json Problem\n404 no tea; or no pot: application/problem+json Problem\n409 Conflict: application/problem+json Problem\n" +
				failed + "502 Bad Gateway: application/problem+json Problem\n",
		},
		"all kinds of input": {
			typedFunc(func(*describedInput) (struct{}, error) { return struct{}{}, nil }),
			"path id required=true: string: The one.\nquery limit required=false: integer format int64 ≥1 ≤100 default 20: \n" +
				"query tag required=false: array of string: \nheader If-Match required=true: string: \ncookie since required=false: string format date-time: \n" +
				"body required=true: application/json tea\n204 No Content:\n" + unread + tooLong + notJSON + unprocessable + failed,
		},
		"an optional body": {
			typedFunc(func(*struct {
				Body *tea `body:""`
			},
			) (struct{}, error) {
				return struct{}{}, nil
			}),
			"body required=false: application/json tea|null\n204 No Content:\n" + unread + tooLong + notJSON + unprocessable + failed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, responsesSorted(tt.want), sayOperation(describedBy(tt.h)))
		})
	}
}

func TestErrorsRefusesWhatIsNone(t *testing.T) {
	for _, err := range []error{errLeak, nil, &soldOut{99}, tigertonic.Continue{errLeak}} {
		assert.Contains(t, panicOf(t, func() { returning(sencha, nil).Errors(err) }), "Errors: ", "%v", err)
	}
}

// customWriter's bodies aren't known.
func TestHandlersDescribeThemselves(t *testing.T) {
	always := func(*http.Request) (http.Header, error) { return nil, nil }
	inner := returning(struct{}{}, nil)
	taking := typedFunc(func(*tea) (struct{}, error) { return struct{}{}, nil })
	marshaled := tigertonic.Marshaled(create)
	for writer, content := range map[tigertonic.ErrorWriter]string{
		tigertonic.ResponseErrorWriter: "application/json Error, text/plain string",
		tigertonic.ProblemWriter{}:     "application/problem+json Problem",
		&tigertonic.ProblemWriter{}:    "application/problem+json Problem",
		&customWriter{}:                "",
	} {
		classic := strings.TrimSpace(": " + content)
		both := strings.TrimSuffix(": "+content+", application/problem+json Problem", "")
		switch {
		case strings.HasPrefix(content, "application/json"):
			both = ": application/json Error, application/problem+json Problem, text/plain string"
		default:
			both = ": application/problem+json Problem"
		}
		t.Run(fmt.Sprintf("%T", writer), func(t *testing.T) {
			before := tigertonic.ResponseErrorWriter
			defer func() { tigertonic.ResponseErrorWriter = before }()
			tigertonic.ResponseErrorWriter = writer
			for name, tt := range map[string]struct {
				h    http.Handler
				want string
			}{
				"Marshaled": {marshaled, "body required=true: application/json stuff|null\n2XX Success: application/json stuff|null\n400 the body can't be decoded" + classic +
					"\n406 the media type isn't accepted" + classic + "\n413 the body is too long" + classic + "\n415 the body is not application/json" + classic + "\ndefault Any other response" + classic + "\n"},
				"Marshaled without a body": {
					tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) { return 0, nil, nil, nil }),
					"2XX Success: application/json anything\n406 the media type isn't accepted" + classic + "\ndefault Any other response" + classic + "\n",
				},
				"Marshaled of a stream": {
					tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, io.Reader, error) { return 0, nil, nil, nil }),
					"2XX Success: */* anything\n406 the media type isn't accepted" + classic + "\ndefault Any other response" + classic + "\n",
				},
				"HTTPBasicAuth": {
					tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", inner),
					"security basic: A user and a password for \"realm\".\n204 No Content:\n401 the user or the password isn't right" + classic + "\n  Www-Authenticate: string\n" + failed,
				},
				"If":                     {tigertonic.If(always, inner), "204 No Content:\n" + failed + "default Any other response" + classic + "\n"},
				"CORS":                   {friendly().Build(inner), "204 No Content:\n  Access-Control-Allow-Origin: string\n" + failed + "  Access-Control-Allow-Origin: string\n"},
				"Cached":                 {tigertonic.Cached(inner, tigertonic.CacheOptions{MaxAge: time.Minute}), "204 No Content:\n  Cache-Control: string\n" + failed},
				"Cached without options": {tigertonic.Cached(inner, tigertonic.CacheOptions{}), "204 No Content:\n" + failed},
				"Sized, of no body":      {tigertonic.Sized(inner, 5), "204 No Content:\n" + failed},
				"Sized": {tigertonic.Sized(taking, 5), "body required=true: application/json tea\n204 No Content:\n" + unread +
					"413 the body is too long; or the body is longer than 5 bytes" + both + "\n" + notJSON + unprocessable + failed},
				"Version":   {tigertonic.Version("1"), ": The version that is running:  [] deprecated=false\n200 OK: text/plain string\n"},
				"Described": {tigertonic.Described(hello, func(op *tigertonic.Operation) { op.Summary = "S"; op.ResponseRange("4XX") }), ": S:  [] deprecated=false\n4XX The request can't be served as it is:\n"},
				"another":   {hello, ""},
			} {
				assert.Equal(t, tt.want, sayOperation(describedBy(tt.h)), name)
			}
		})
	}
}

func TestDescribedCallsTheHandler(t *testing.T) {
	d := tigertonic.Described(returning(sencha, nil), func(op *tigertonic.Operation) { op.Responses["200"].Description = "A tea" })
	assert.Equal(t, 200, serve(t, d, "GET", "/", "").Code)
	assert.Equal(t, "200 A tea: application/json tea\n"+notAcceptable+failed, sayOperation(describedBy(d)))
	assert.Contains(t, panicOf(t, func() { tigertonic.Described(nil, func(*tigertonic.Operation) {}) }), "Described: the handler is nil")
	assert.Contains(t, panicOf(t, func() { tigertonic.Described(hello, nil) }), "Described: the function is nil")
}
