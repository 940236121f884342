package authentication

import (
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	m.Run()
}

func TestPageShowsWhatTheClientGets(t *testing.T) {
	docstest.Console(t, "../../../docs/authentication.md", func(t *testing.T) docstest.Service {
		server := httptest.NewServer(service())
		t.Cleanup(server.Close)
		return docstest.Service{Address: server.Listener.Addr().String()}
	})
}

func TestCombinationsLetInWhomTheySay(t *testing.T) {
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	token := func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cret") }
	session := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: "ann's"}) }
	app := func(r *http.Request) { r.Header.Set("App", "app's") }
	for i, tt := range []struct {
		in  []func(*http.Request)
		out []int // of one of them, both, or nobody
	}{
		{nil, []int{401, 401, 200}},
		{[]func(*http.Request){token}, []int{200, 401, 200}},
		{[]func(*http.Request){session}, []int{200, 401, 200}},
		{[]func(*http.Request){token, app}, []int{200, 200, 200}},
		{[]func(*http.Request){app}, []int{401, 401, 200}},
	} {
		for j, combined := range combinations(h) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, add := range tt.in {
				add(r)
			}
			w := httptest.NewRecorder()
			combined.ServeHTTP(w, r)
			if w.Code != tt.out[j] {
				t.Errorf("row %d, combination %d: got %d, want %d", i, j, w.Code, tt.out[j])
			}
		}
	}
}

func TestPasswordsAreChecked(t *testing.T) {
	h := withPasswords(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(user, password string) error {
		if user != "ann" || password != "secret" {
			return errors.New("the user or the password is wrong")
		}
		return nil
	})
	for password, want := range map[string]int{"secret": 200, "guess": 401} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth("ann", password)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || (want == 401) != (w.Header().Get("Www-Authenticate") == `Basic realm="tracker"`) {
			t.Errorf("%s: got %d %v, want %d", password, w.Code, w.Header(), want)
		}
	}
}

func TestSchemesAreInTheDocument(t *testing.T) {
	for _, auth := range described() {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("POST", "/", tigertonic.Authenticated(tigertonic.Typed(create), auth))
		_ = openapi.New(mux, openapi.Info{Title: "Issues", Version: "1.0"}) // panics if they are wrong
	}
}

func TestProgramsAreKnownByTheirCertificates(t *testing.T) {
	if _, err := byCertificate(http.NotFoundHandler(), "missing.pem"); err == nil {
		t.Error("a file that is missing is an error")
	}
	for name, want := range map[string]bool{"deploy.example.com": true, "example.com": false} {
		_, err := findProgram(t.Context(), &x509.Certificate{DNSNames: []string{name}})
		if (err == nil) != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
