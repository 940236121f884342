package tigertonic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// statusErrors holds err in one of each type, by its status.
func statusErrors(err error) map[int]tigertonic.HTTPEquivError {
	all := map[int]tigertonic.HTTPEquivError{}
	for _, e := range []tigertonic.HTTPEquivError{
		tigertonic.Continue{err},
		tigertonic.SwitchingProtocols{err},
		tigertonic.Processing{err},
		tigertonic.EarlyHints{err},
		tigertonic.OK{err},
		tigertonic.Created{err},
		tigertonic.Accepted{err},
		tigertonic.NonAuthoritativeInfo{err},
		tigertonic.NoContent{err},
		tigertonic.ResetContent{err},
		tigertonic.PartialContent{err},
		tigertonic.MultiStatus{err},
		tigertonic.AlreadyReported{err},
		tigertonic.IMUsed{err},
		tigertonic.MultipleChoices{err},
		tigertonic.MovedPermanently{err},
		tigertonic.Found{err},
		tigertonic.SeeOther{err},
		tigertonic.NotModified{err},
		tigertonic.UseProxy{err},
		tigertonic.TemporaryRedirect{err},
		tigertonic.PermanentRedirect{err},
		tigertonic.BadRequest{err},
		tigertonic.Unauthorized{err},
		tigertonic.PaymentRequired{err},
		tigertonic.Forbidden{err},
		tigertonic.NotFound{err},
		tigertonic.MethodNotAllowed{err},
		tigertonic.NotAcceptable{err},
		tigertonic.ProxyAuthRequired{err},
		tigertonic.RequestTimeout{err},
		tigertonic.Conflict{err},
		tigertonic.Gone{err},
		tigertonic.LengthRequired{err},
		tigertonic.PreconditionFailed{err},
		tigertonic.RequestEntityTooLarge{err},
		tigertonic.RequestURITooLong{err},
		tigertonic.UnsupportedMediaType{err},
		tigertonic.RequestedRangeNotSatisfiable{err},
		tigertonic.ExpectationFailed{err},
		tigertonic.Teapot{err},
		tigertonic.MisdirectedRequest{err},
		tigertonic.UnprocessableEntity{err},
		tigertonic.Locked{err},
		tigertonic.FailedDependency{err},
		tigertonic.TooEarly{err},
		tigertonic.UpgradeRequired{err},
		tigertonic.PreconditionRequired{err},
		tigertonic.TooManyRequests{err},
		tigertonic.RequestHeaderFieldsTooLarge{err},
		tigertonic.UnavailableForLegalReasons{err},
		tigertonic.InternalServerError{err},
		tigertonic.NotImplemented{err},
		tigertonic.BadGateway{err},
		tigertonic.ServiceUnavailable{err},
		tigertonic.GatewayTimeout{err},
		tigertonic.HTTPVersionNotSupported{err},
		tigertonic.VariantAlsoNegotiates{err},
		tigertonic.InsufficientStorage{err},
		tigertonic.LoopDetected{err},
		tigertonic.NotExtended{err},
		tigertonic.NetworkAuthenticationRequired{err},
	} {
		all[e.StatusCode()] = e
	}
	return all
}

type named struct{ error }

func (named) Name() string { return "my.Name" }

// PublicError is an error of a type that has a name for clients.
type PublicError struct{ error }

type privateError struct{ error }

func TestThereIsAStatusErrorForEveryStatus(t *testing.T) {
	inner, withName := errors.New("text"), named{errors.New("text")}
	plain, namedOnes := statusErrors(inner), statusErrors(withName)
	for status := range 1000 {
		if http.StatusText(status) == "" {
			assert.NotContains(t, plain, status)
			continue
		}
		err, ok := plain[status].(interface {
			tigertonic.NamedError
			Unwrap() error
		})
		require.True(t, ok, status)
		assert.Equal(t, "text", err.Error(), status)
		assert.Same(t, inner, err.Unwrap(), status)
		assert.Empty(t, err.Name(), status)
		assert.Equal(t, "my.Name", namedOnes[status].(tigertonic.NamedError).Name(), status)
	}
}

func TestErrorsAreNamed(t *testing.T) {
	text := errors.New("text")
	syntax := json.Unmarshal([]byte("x"), new(int))
	for _, tt := range []struct {
		err         error
		status      int
		name, snake string
	}{
		{text, 500, "error", "error"},
		{syntax, 500, "json.SyntaxError", "json.SyntaxError"},
		{named{text}, 500, "my.Name", "my.Name"},
		{tigertonic.NotFound{text}, 404, "tigertonic.NotFound", "not_found"},
		{tigertonic.NotFound{named{text}}, 404, "my.Name", "my.Name"},
		{tigertonic.NotFound{fmt.Errorf("text%w", named{errors.New("")})}, 404, "my.Name", "my.Name"},
		{tigertonic.NotFound{PublicError{text}}, 404, "tigertonic_test.PublicError", "tigertonic_test.PublicError"},
		{tigertonic.NotFound{&PublicError{text}}, 404, "tigertonic_test.PublicError", "tigertonic_test.PublicError"},
		{tigertonic.NotFound{privateError{PublicError{text}}}, 404, "tigertonic.NotFound", "not_found"},
		{tigertonic.NotFound{tigertonic.Conflict{text}}, 404, "tigertonic.Conflict", "conflict"},
		{tigertonic.NotFound{fmt.Errorf("%w", PublicError{text})}, 404, "tigertonic.NotFound", "not_found"},
		{tigertonic.NotFound{tigertonic.NewMarshalerError("text")}, 404, "tigertonic.MarshalerError", "tigertonic.MarshalerError"},
		{tigertonic.BadRequest{syntax}, 400, "json.SyntaxError", "json.SyntaxError"},
		{tigertonic.Teapot{text}, 418, "tigertonic.Teapot", "im_a_teapot"},
		{tigertonic.NonAuthoritativeInfo{text}, 203, "tigertonic.NonAuthoritativeInfo", "non_authoritative_information"},
		{fmt.Errorf("%w", tigertonic.Conflict{text}), 409, "tigertonic.Conflict", "conflict"},
		{fmt.Errorf("%w", named{text}), 500, "my.Name", "my.Name"},
		{tigertonic.NewHTTPEquivError(text, 403), 403, "error", "forbidden"},
		{tigertonic.NewHTTPEquivError(text, 99), 500, "error", "internal_server_error"},
		{tigertonic.NewHTTPEquivError(text, 599), 599, "error", "error"},
		{tigertonic.NewHTTPEquivError(syntax, 400), 400, "json.SyntaxError", "json.SyntaxError"},
		{tigertonic.NewHTTPEquivError(named{text}, 400), 400, "my.Name", "my.Name"},
		{tigertonic.NewHTTPEquivError(tigertonic.Gone{text}, 404), 404, "tigertonic.Gone", "gone"},
		{tigertonic.Continue{text}, 500, "tigertonic.Continue", "continue"}, // no response ends with a 100
	} {
		for _, snake := range []bool{false, true} {
			tigertonic.SnakeCaseHTTPEquivErrors = snake
			name := tt.name
			if snake {
				name = tt.snake
			}
			w := httptest.NewRecorder()
			tigertonic.ResponseErrorWriter.WriteJSONError(w, tt.err)
			requireError(t, w, tt.status, name, tt.err.Error())
			assert.True(t, strings.HasSuffix(w.Body.String(), "}\n"))

			w = httptest.NewRecorder()
			tigertonic.ResponseErrorWriter.WritePlaintextError(w, tt.err)
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			assert.Equal(t, name+": "+tt.err.Error(), w.Body.String())
		}
	}
	tigertonic.SnakeCaseHTTPEquivErrors = false
}

func TestStatusErrorWithoutErrorHasTheStatusText(t *testing.T) {
	w := httptest.NewRecorder()
	tigertonic.ResponseErrorWriter.WriteJSONError(w, tigertonic.NotFound{})
	requireError(t, w, 404, "tigertonic.NotFound", "Not Found")
}

// The zero values are errors like others, wherever their text is asked for.
func TestStatusErrorsWithoutErrorAreSafe(t *testing.T) {
	type wraps struct{ tigertonic.NotFound }
	for status, err := range statusErrors(nil) {
		text := http.StatusText(status)
		require.EqualError(t, err, text)
		require.EqualError(t, errors.Join(err, errors.New("b")), text+"\nb")
		require.EqualError(t, fmt.Errorf("a: %w", err), "a: "+text)
		require.NoError(t, errors.Unwrap(err))
		require.NotErrorIs(t, err, errors.ErrUnsupported)
		assert.Empty(t, err.(tigertonic.NamedError).Name())
		for _, err := range []error{err, errors.Join(err), fmt.Errorf("a: %w", err), tigertonic.NewHTTPEquivError(err, status), tigertonic.InternalServerError{err}} {
			for _, write := range []func(http.ResponseWriter, error){
				tigertonic.ResponseErrorWriter.WriteJSONError, tigertonic.ResponseErrorWriter.WritePlaintextError,
			} {
				w := httptest.NewRecorder()
				write(w, err)
				assert.GreaterOrEqual(t, w.Code, 200)
			}
			if status >= 400 && status < 500 {
				w := httptest.NewRecorder()
				tigertonic.ProblemWriter{}.WriteJSONError(w, tigertonic.NotFound{err})
				assert.Equal(t, 404, w.Code)
			}
		}
	}
	require.EqualError(t, wraps{}, "Not Found")
}

func TestNewHTTPEquivErrorUnwraps(t *testing.T) {
	inner := errors.New("text")
	require.ErrorIs(t, tigertonic.NewHTTPEquivError(inner, 400), inner)
}

func TestErrorsAreNegotiated(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                "application/json",
		"*/*":                             "application/json",
		"text/html,application/json;q=.5": "application/json",
		"text/html":                       "text/plain; charset=utf-8",
		"application/json;q=0,*/*":        "text/plain; charset=utf-8",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		w := httptest.NewRecorder()
		tigertonic.ResponseErrorWriter.WriteError(r, w, errors.New("text"))
		assert.Equal(t, want, w.Header().Get("Content-Type"), accept)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
}

type customWriter struct{ tigertonic.ErrorWriter }

func (customWriter) WriteError(_ *http.Request, w http.ResponseWriter, err error) {
	http.Error(w, "custom: "+err.Error(), http.StatusTeapot)
}

func TestResponseErrorWriterCanBeReplaced(t *testing.T) {
	old := tigertonic.ResponseErrorWriter
	defer func() { tigertonic.ResponseErrorWriter = old }()
	tigertonic.ResponseErrorWriter = customWriter{old}
	w := serve(t, tigertonic.NewTrieServeMux(), "GET", "/x", "")
	assert.Equal(t, 418, w.Code)
	assert.Equal(t, "custom: GET /x not found\n", w.Body.String())
}

// overriding embeds an ErrorWriter, as programs do to change one of its forms.
type overriding struct {
	tigertonic.ErrorWriter
	called *[]string
}

type overridingJSON struct{ overriding }

func (o overridingJSON) WriteJSONError(w http.ResponseWriter, err error) {
	*o.called = append(*o.called, "JSON")
	o.ErrorWriter.WriteJSONError(w, err)
}

type overridingText struct{ overriding }

func (o overridingText) WritePlaintextError(w http.ResponseWriter, err error) {
	*o.called = append(*o.called, "text")
	o.ErrorWriter.WritePlaintextError(w, err)
}

type overridingBoth struct{ overriding }

func (o overridingBoth) WriteError(r *http.Request, w http.ResponseWriter, err error) {
	*o.called = append(*o.called, "both")
	o.ErrorWriter.WriteError(r, w, err)
}

func TestOverriddenMethodOfAnEmbeddedErrorWriterIsCalled(t *testing.T) {
	before := tigertonic.ResponseErrorWriter
	defer func() { tigertonic.ResponseErrorWriter = before }()
	refused := tigertonic.Forbidden{errors.New("no")}
	handlers := map[string]http.Handler{
		"404":       tigertonic.NewTrieServeMux(),
		"405":       newMux("PUT /"),
		"If":        tigertonic.If(func(*http.Request) (http.Header, error) { return nil, refused }, hello),
		"401":       tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", hello),
		"host":      tigertonic.NewHostServeMux(),
		"Marshaled": tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) { return 0, nil, nil, refused }),
	}
	for name, h := range handlers {
		var called []string
		o := overriding{before, &called}
		tigertonic.ResponseErrorWriter = overridingJSON{o}
		serve(t, h, "GET", "/", "", "Accept", "application/json")
		tigertonic.ResponseErrorWriter = overridingBoth{o}
		serve(t, h, "GET", "/", "", "Accept", "application/json")
		tigertonic.ResponseErrorWriter = overridingText{o}
		serve(t, h, "GET", "/", "", "Accept", "text/plain")
		assert.Equal(t, []string{"JSON", "both", "text"}, called, name)
		before.WriteError(authorized(t, "GET"), httptest.NewRecorder(), refused)
		assert.Len(t, called, 3, "the embedded one alone has its own forms")
	}
}

func TestRequestsThatHandlersRefuseStayAsTheyWere(t *testing.T) {
	answering(t, customWriter{tigertonic.ResponseErrorWriter})
	for name, h := range map[string]http.Handler{
		"If":              tigertonic.If(func(*http.Request) (http.Header, error) { return nil, tigertonic.Forbidden{} }, hello),
		"401":             tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", hello),
		"NotFoundHandler": tigertonic.NotFoundHandler{},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		was := *r
		h.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, was, *r, "%s: a goroutine of a handler outside may be reading it", name)
	}
}
