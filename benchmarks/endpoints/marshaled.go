package endpoints

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/rcrowley/go-tigertonic"
)

// The classic functions. They validate by hand. The compiler mustn't inline them where
// they are called without reflection: a service's are too long for that.

//go:noinline
func classicGet(u *url.URL, _ http.Header) (int, http.Header, *customer, error) {
	return classicLookUp(u, false)
}

//go:noinline
func classicCheckedGet(u *url.URL, _ http.Header) (int, http.Header, *customer, error) {
	return classicLookUp(u, true)
}

func classicLookUp(u *url.URL, checked bool) (int, http.Header, *customer, error) {
	q := u.Query()
	name := q.Get("customer")
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || checked && parameterProblems(name, limit) != nil {
		return 0, nil, nil, tigertonic.UnprocessableEntity{Err: errors.New("the parameters aren't valid")}
	}
	return http.StatusOK, nil, lookUp(name, limit), nil
}

func classicGetter(checked bool) func(*url.URL, http.Header) (int, http.Header, *customer, error) {
	if checked {
		return classicCheckedGet
	}
	return classicGet
}

// A classicList is the receiver of a method value, as in services.
type classicList []summary

//go:noinline
func (l classicList) get(*url.URL, http.Header) (int, http.Header, []summary, error) {
	return http.StatusOK, nil, l, nil
}

//go:noinline
func classicPost[O any, P orders[O]](_ *url.URL, _ http.Header, o *O) (int, http.Header, *receipt[O], error) { //nolint:unparam // it has the form of a classic function
	if errs := P(o).problems(); errs != nil {
		return 0, nil, nil, tigertonic.UnprocessableEntity{Err: errors.New(errs[0].Pointer + " " + errs[0].Detail)}
	}
	rs, err := receive[O](P(o))
	if err != nil {
		return 0, nil, nil, tigertonic.UnprocessableEntity{Err: err}
	}
	return http.StatusOK, nil, rs, nil
}

//go:noinline
func classicTake(_ *url.URL, _ http.Header, b *batch) (int, http.Header, *taken, error) {
	return http.StatusOK, nil, take(b), nil
}

//go:noinline
func classicNote(_ *url.URL, _ http.Header, all *events) (int, http.Header, *taken, error) {
	return http.StatusOK, nil, note(all), nil
}

func newMarshaled[O any, P orders[O]](checked bool) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/customers/{customer}", tigertonic.Marshaled(classicGetter(checked)))
	mux.Handle("GET", "/orders", tigertonic.Marshaled(classicList(summaries()).get))
	mux.Handle("POST", "/orders", tigertonic.Marshaled(classicPost[O, P]))
	mux.Handle("POST", "/readings", tigertonic.Marshaled(classicTake))
	mux.Handle("POST", "/events", tigertonic.Marshaled(classicNote))
	return mux
}

// newUnmarshaled calls the same functions without reflection.
func newUnmarshaled[O any, P orders[O]](checked bool) http.Handler {
	get, list := classicGetter(checked), classicList(summaries())
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/customers/{customer}", func(w http.ResponseWriter, r *http.Request) {
		status, header, rs, err := get(r.URL, r.Header)
		answerClassic(w, status, header, rs, err)
	})
	mux.HandleFunc("GET", "/orders", func(w http.ResponseWriter, r *http.Request) {
		status, header, rs, err := list.get(r.URL, r.Header)
		answerClassic(w, status, header, rs, err)
	})
	mux.HandleFunc("POST", "/orders", unmarshaled(classicPost[O, P]))
	mux.HandleFunc("POST", "/readings", unmarshaled(classicTake))
	mux.HandleFunc("POST", "/events", unmarshaled(classicNote))
	return tigertonic.WildcardsInQuery(mux) // where the functions look for them
}

func unmarshaled[I, O any](f func(*url.URL, http.Header, *I) (int, http.Header, O, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not JSON", http.StatusUnsupportedMediaType)
			return
		}
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		in := new(I)
		if err == nil {
			err = json.Unmarshal(text, in)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		status, header, rs, err := f(r.URL, r.Header, in)
		answerClassic(w, status, header, rs, err)
	}
}

func answerClassic(w http.ResponseWriter, status int, header http.Header, rs any, err error) {
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		rs = struct {
			Description string `json:"description"`
			Error       string `json:"error"`
		}{err.Error(), "tigertonic.UnprocessableEntity"}
	} else {
		w.WriteHeader(status)
	}
	_ = json.NewEncoder(w).Encode(rs)
}
