package cors_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/cors"
)

const (
	friend   = "https://friend.example"
	stranger = "https://stranger.example"
)

func policy(c cors.Config) *cors.Policy {
	if c.Origins == nil {
		c.Origins = []string{friend}
	}
	return cors.NewPolicy(&c)
}

// asking returns a preflight of the origin for the method with the headers.
func asking(origin, method string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodOptions, "/x", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != nil {
		r.Header["Access-Control-Request-Headers"] = headers
	}
	return r
}

func TestCheckListsAllThatIsWrong(t *testing.T) {
	fine := cors.Config{Origins: []string{"*", friend}, Headers: []string{"*", "X-A"}, Exposed: []string{"X-B"}, MaxAge: time.Second}
	require.NoError(t, fine.Check())
	wrong := cors.Config{
		Origins: []string{"*", "null", "friend.example"}, Headers: []string{"X A"}, Exposed: []string{""}, Credentials: true, MaxAge: -1,
	}
	assert.EqualError(t, wrong.Check(), `credentials can't be allowed to the origin "*"
the origin "null" can't be allowed: any page can have it
the age -1ns is negative
"friend.example" is not an origin: it has no scheme, such as "https://"
"X A" isn't a header name
"" isn't a header name`)
}

func TestAllowedOrigin(t *testing.T) {
	one, all, none := policy(cors.Config{}), policy(cors.Config{Origins: []string{"*"}}), cors.NewPolicy(&cors.Config{})
	for _, tt := range []struct {
		origins []string
		policy  *cors.Policy
		want    string
	}{
		{[]string{friend}, one, friend},
		{[]string{stranger}, one, ""},
		{[]string{friend, friend}, one, ""},
		{nil, one, ""},
		{[]string{stranger}, all, "*"},
		{nil, all, "*"},
		{[]string{friend}, none, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Origin"] = tt.origins
		assert.Equal(t, tt.want, tt.policy.AllowedOrigin(r), tt.origins)
	}
}

func TestIsPreflight(t *testing.T) {
	assert.True(t, cors.IsPreflight(asking(friend, "PUT")))
	for name, change := range map[string]func(*http.Request){
		"another method":    func(r *http.Request) { r.Method = http.MethodGet },
		"no origin":         func(r *http.Request) { r.Header.Del("Origin") },
		"an empty origin":   func(r *http.Request) { r.Header.Set("Origin", "") },
		"no method":         func(r *http.Request) { r.Header.Del("Access-Control-Request-Method") },
		"two of the method": func(r *http.Request) { r.Header.Add("Access-Control-Request-Method", "GET") },
	} {
		r := asking(friend, "PUT")
		change(r)
		assert.False(t, cors.IsPreflight(r), name)
	}
}

var (
	plain = policy(cors.Config{})
	rich  = policy(cors.Config{Headers: []string{"X-A", "X-B"}, Credentials: true, MaxAge: time.Minute})
	brief = policy(cors.Config{Headers: []string{"X-A"}, MaxAge: time.Second, Credentials: true})
	wide  = policy(cors.Config{Headers: []string{"*"}})
	other = policy(cors.Config{Origins: []string{stranger}})
	own   = cors.Rule{Method: "OPTIONS", Own: true}
)

func TestGrant(t *testing.T) {
	all := cors.NewMethods([]string{"GET", "OPTIONS", "PUT"})
	for _, tt := range []struct {
		name  string
		rules []cors.Rule
		ask   *http.Request
		brief bool
		want  *cors.Grant // or nil
	}{
		{
			"one policy",
			[]cors.Rule{{Method: "PUT", Policy: plain}, {Method: "GET", Policy: plain}, own},
			asking(friend, "PUT"), false,
			&cors.Grant{Origin: friend, Methods: "GET, OPTIONS, PUT"},
		},
		{
			"one policy, brief",
			[]cors.Rule{{Method: "PUT", Policy: rich}, {Method: "GET", Policy: rich}, own},
			asking(friend, "PUT"), true,
			&cors.Grant{Origin: friend, Methods: "PUT", Credentials: "true", MaxAge: "60"},
		},
		{
			"all headers of one policy",
			[]cors.Rule{{Method: "PUT", Policy: rich}, own},
			asking(friend, "PUT", "x-b, range", "x-a"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT", Headers: "X-A, X-B, range", Credentials: "true", MaxAge: "60"},
		},
		{
			"the shortest age",
			[]cors.Rule{{Method: "PUT", Policy: rich}, {Method: "GET", Policy: brief}, own},
			asking(friend, "PUT"), false,
			&cors.Grant{Origin: friend, Methods: "GET, OPTIONS, PUT", Credentials: "true", MaxAge: "1"},
		},
		{
			"a header that GET doesn't allow",
			[]cors.Rule{{Method: "PUT", Policy: rich}, {Method: "GET", Policy: brief}, own},
			asking(friend, "PUT", "x-b"), false,
			&cors.Grant{Origin: friend, Methods: "PUT", Headers: "x-b", Credentials: "true", MaxAge: "0"},
		},
		{
			"a header, and GET without a policy",
			[]cors.Rule{{Method: "PUT", Policy: brief}, {Method: "GET"}, own},
			asking(friend, "PUT", "x-a"), false,
			&cors.Grant{Origin: friend, Methods: "PUT", Headers: "x-a", Credentials: "true", MaxAge: "0"},
		},
		{
			"no header, and GET without a policy",
			[]cors.Rule{{Method: "PUT", Policy: plain}, {Method: "GET"}, own},
			asking(friend, "PUT"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT"},
		},
		{
			"a method that needs a preflight itself",
			[]cors.Rule{{Method: "PUT", Policy: brief}, {Method: "DELETE", Policy: other}, own},
			asking(friend, "PUT", "x-a"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT", Headers: "X-A", Credentials: "true", MaxAge: "1"},
		},
		{
			"without credentials",
			[]cors.Rule{{Method: "PUT", Policy: rich}, {Method: "GET", Policy: plain}, own},
			asking(friend, "PUT"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT", Credentials: "true", MaxAge: "60"},
		},
		{
			"any header",
			[]cors.Rule{{Method: "PUT", Policy: wide}, own},
			asking(friend, "PUT", "Authorization"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT", Headers: "Authorization"},
		},
		{
			"any method",
			[]cors.Rule{{Policy: plain}},
			asking(friend, "PURGE"), false,
			&cors.Grant{Origin: friend, Methods: "PURGE"},
		},
		{
			"OPTIONS",
			[]cors.Rule{{Method: "PUT", Policy: rich}, {Method: "GET", Policy: other}, own},
			asking(friend, "OPTIONS"), false,
			&cors.Grant{Origin: friend, Methods: "OPTIONS, PUT", Credentials: "true", MaxAge: "60"},
		},

		{"a stranger", []cors.Rule{{Method: "PUT", Policy: plain}, own}, asking(stranger, "PUT"), false, nil},
		{"a header that isn't allowed", []cors.Rule{{Method: "PUT", Policy: brief}, own}, asking(friend, "PUT", "x-a, x-c"), false, nil},
		{"what is no header", []cors.Rule{{Method: "PUT", Policy: wide}, own}, asking(friend, "PUT", "x a"), false, nil},
		{"what is no method", []cors.Rule{{Policy: wide}}, asking(friend, "P T"), false, nil},
		{"another method", []cors.Rule{{Method: "PUT", Policy: plain}, own}, asking(friend, "DELETE"), false, nil},
		{"no policy", []cors.Rule{{Method: "PUT"}, own}, asking(friend, "PUT"), false, nil},
		{"OPTIONS without a policy", []cors.Rule{{Method: "PUT", Policy: other}, own}, asking(friend, "OPTIONS"), false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules := cors.Rules{Each: tt.rules}
			g, ok := rules.Grant(tt.ask, all, tt.brief)
			if tt.want == nil {
				assert.False(t, ok)
				assert.Zero(t, g)
				return
			}
			assert.True(t, ok)
			assert.Equal(t, *tt.want, g)
		})
	}
}

func TestRules(t *testing.T) {
	rules := cors.Rules{Each: []cors.Rule{{Method: "PUT", Policy: plain}, {Method: "GET", Policy: rich}, {Method: "DELETE", Policy: other}, own}}
	ask := asking(friend, "OPTIONS")
	p, ok := rules.For(ask, "OPTIONS")
	assert.True(t, ok)
	assert.Same(t, rich, p, "the one with credentials")
	p, ok = rules.For(ask, "PATCH")
	assert.False(t, ok)
	assert.Nil(t, p)
	assert.Nil(t, rules.Sharer(asking("null", "OPTIONS")))
	assert.True(t, rules.HavePolicy())
	rules.Each = []cors.Rule{{Method: "PUT"}, own}
	assert.False(t, rules.HavePolicy())
	rules.Outer = rich
	assert.True(t, rules.HavePolicy())
	assert.Same(t, rich, rules.Sharer(ask))
	p, _ = rules.For(ask, "PUT")
	assert.Same(t, rich, p)
	assert.True(t, rules.Has("PUT"))
	assert.False(t, rules.Has("HEAD"))
}
