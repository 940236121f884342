package endpoints

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	gojson "github.com/goccy/go-json"
)

// A codec is a JSON package, used in its fastest way.
type codec struct {
	decode func(io.Reader, any) error
	encode func(any) ([]byte, error)
}

func v1() codec {
	return codec{
		func(r io.Reader, v any) error {
			text, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			return json.Unmarshal(text, v)
		},
		json.Marshal,
	}
}

func v2() codec {
	return codec{
		func(r io.Reader, v any) error { return jsonv2.UnmarshalRead(r, v) },
		func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
	}
}

// goJSON and sonic are packages that read and write memory by unsafe, sonic by machine
// code that it generates at run time, too.
func goJSON() codec {
	return codec{func(r io.Reader, v any) error { return gojson.NewDecoder(r).Decode(v) }, gojson.Marshal}
}

func sonicJSON() codec {
	return codec{
		func(r io.Reader, v any) error {
			text, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			return sonic.ConfigStd.Unmarshal(text, v)
		},
		sonic.ConfigStd.Marshal,
	}
}

// newByHand returns a service written by hand on net/http.
func newByHand[O any, P orders[O]](c codec) func(checked bool) http.Handler {
	return func(checked bool) http.Handler {
		all, measured := summaries(), manySeries()
		mux := http.NewServeMux()
		mux.HandleFunc("GET /customers/{customer}", func(w http.ResponseWriter, r *http.Request) {
			name := r.PathValue("customer")
			limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			if checked {
				if errs := parameterProblems(name, limit); errs != nil {
					c.answer(w, http.StatusUnprocessableEntity, "application/problem+json", invalid(errs))
					return
				}
			}
			c.answer(w, http.StatusOK, "application/json", lookUp(name, limit))
		})
		mux.HandleFunc("GET /orders", func(w http.ResponseWriter, _ *http.Request) {
			c.answer(w, http.StatusOK, "application/json", all)
		})
		mux.HandleFunc("GET /series", func(w http.ResponseWriter, _ *http.Request) {
			c.answer(w, http.StatusOK, "application/json", measured)
		})
		mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Content-Type") != "application/json" {
				http.Error(w, "not JSON", http.StatusUnsupportedMediaType)
				return
			}
			o := new(O)
			if err := c.decode(http.MaxBytesReader(w, r.Body, 1<<20), o); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			if errs := P(o).problems(); errs != nil {
				c.answer(w, http.StatusUnprocessableEntity, "application/problem+json", invalid(errs))
				return
			}
			rs, err := receive[O](P(o))
			if err != nil {
				c.answer(w, http.StatusUnprocessableEntity, "application/problem+json", unprocessable(err))
				return
			}
			c.answer(w, http.StatusOK, "application/json", rs)
		})
		mux.HandleFunc("POST /readings", taking(c, take))
		mux.HandleFunc("POST /events", taking(c, note))
		return mux
	}
}

func taking[In any](c codec, take func(*In) *taken) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not JSON", http.StatusUnsupportedMediaType)
			return
		}
		in := new(In)
		if err := c.decode(http.MaxBytesReader(w, r.Body, 1<<20), in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.answer(w, http.StatusOK, "application/json", take(in))
	}
}

func (c codec) answer(w http.ResponseWriter, status int, contentType string, value any) {
	body, err := c.encode(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(body)
}
