package tigertonic_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

func TestHTTPBasicAuth(t *testing.T) {
	long := strings.Repeat("long", 100)
	users := map[string]string{"user": "pass:word", "other": "secret", "patient": long}
	h := tigertonic.HTTPBasicAuth(users, `a "realm" \ b`, hello)
	delete(users, "user") // they were copied
	for _, tt := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"right", []string{basic("user:pass:word")}, true},
		{"another user", []string{basic("other:secret")}, true},
		{"long password", []string{basic("patient:" + long)}, true},
		{"longer password", []string{basic("patient:" + long + long)}, false},
		{"beginning of a password", []string{basic("user:pass")}, false},
		{"scheme in lower case", []string{"basic" + basic("user:pass:word")[5:]}, true},
		{"scheme in upper case", []string{"BASIC" + basic("user:pass:word")[5:]}, true},
		{"none", nil, false},
		{"wrong password", []string{basic("user:secret")}, false},
		{"unknown user", []string{basic("nobody:secret")}, false},
		{"empty user and password", []string{basic(":")}, false},
		{"unknown user without password", []string{basic("nobody:")}, false},
		{"no colon", []string{basic("user")}, false},
		{"bad base64", []string{"Basic ====="}, false},
		{"another scheme", []string{"Bearer dXNlcjpwYXNzOndvcmQ="}, false},
		{"empty", []string{""}, false},
		{"twice", []string{basic("user:pass:word"), basic("user:pass:word")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			for _, value := range tt.headers {
				headers = append(headers, "Authorization", value)
			}
			w := serve(t, h, "GET", "/", "", headers...)
			if tt.ok {
				assert.Equal(t, "hello", w.Body.String())
				assert.NotContains(t, w.Header(), "Www-Authenticate")
				return
			}
			requireError(t, w, 401, "tigertonic.Unauthorized", "unauthorized")
			assert.Equal(t, []string{`Basic realm="a \"realm\" \\ b"`}, w.Header()["Www-Authenticate"])
		})
	}
}

func TestHTTPBasicAuthFunc(t *testing.T) {
	h := tigertonic.HTTPBasicAuthFunc(func(user, password string) error {
		switch user + "/" + password {
		case "user/password":
			return nil
		case "user/down":
			return tigertonic.ServiceUnavailable{errors.New("the directory is down")}
		}
		return errors.New("who are you?")
	}, "realm", hello)
	assert.Equal(t, "hello", serve(t, h, "GET", "/", "", "Authorization", basic("user:password")).Body.String())

	w := serve(t, h, "GET", "/", "", "Authorization", basic("a:b"))
	requireError(t, w, 401, "tigertonic.Unauthorized", "who are you?")
	assert.Equal(t, `Basic realm="realm"`, w.Header().Get("WWW-Authenticate"))

	w = serve(t, h, "GET", "/", "", "Authorization", basic("user:down"))
	requireError(t, w, 401, "tigertonic.ServiceUnavailable", "the directory is down")
	assert.Equal(t, `Basic realm="realm"`, w.Header().Get("WWW-Authenticate"), "whatever the status of the error")

	requireError(t, serve(t, h, "GET", "/", "", "Authorization", "Basic !"), 401, "tigertonic.Unauthorized", "unauthorized")
	requireError(t, serve(t, h, "GET", "/", "", "Authorization", basic("user")), 401, "tigertonic.Unauthorized", "unauthorized")
}

func TestNobodyPassesBecauseAnErrorWriterSaysNothing(t *testing.T) {
	answering(t, silentWriter{})
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for name, h := range map[string]http.Handler{
		"HTTPBasicAuth": tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "r", never),
		"If":            tigertonic.If(func(*http.Request) (http.Header, error) { return nil, errors.New("no") }, never),
	} {
		assert.Empty(t, serve(t, h, "GET", "/", "").Body.String(), name)
	}
}

func TestHTTPBasicAuthRefusesToBuild(t *testing.T) {
	always := func(string, string) error { return nil }
	for want, build := range map[string]func(){
		`no credentials`:                       func() { tigertonic.HTTPBasicAuth(nil, "r", hello) },
		`a user without a name`:                func() { tigertonic.HTTPBasicAuth(map[string]string{"": "p"}, "r", hello) },
		`user "u" has no password`:             func() { tigertonic.HTTPBasicAuth(map[string]string{"u": ""}, "r", hello) },
		`user "u:v" has a colon (RFC 7617 §2)`: func() { tigertonic.HTTPBasicAuth(map[string]string{"u:v": "p"}, "r", hello) },
		`a control character in the realm`:     func() { tigertonic.HTTPBasicAuthFunc(always, "r\r\nX-Evil: 1", hello) },
		`the function is nil`:                  func() { tigertonic.HTTPBasicAuthFunc(nil, "r", hello) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				assert.Contains(t, text, want)
				assert.Regexp(t, `^tigertonic: basic auth for realm "r.*": .* \(at .*/auth_test.go:\d+\)$`, text)
			}()
			build()
		})
	}
}

func TestIfRunsBeforeItsHandler(t *testing.T) {
	h := tigertonic.If(func(r *http.Request) (http.Header, error) {
		header := http.Header{"X-A": {"1", "2"}}
		if r.URL.Query().Get("deny") != "" {
			return header, tigertonic.Forbidden{errors.New("denied")}
		}
		return header, nil
	}, hello)
	w := serve(t, h, "GET", "/", "")
	assert.Equal(t, "hello", w.Body.String())
	assert.Equal(t, []string{"1", "2"}, w.Header()["X-A"])
	w = serve(t, h, "GET", "/?deny=1", "")
	requireError(t, w, 403, "tigertonic.Forbidden", "denied")
	assert.Equal(t, []string{"1", "2"}, w.Header()["X-A"])
}
