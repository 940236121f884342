package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// stuff returns a handler that says of itself what it serves.
func stuff() http.Handler {
	return tigertonic.Described(foreign, func(op *tigertonic.Operation) {
		op.ID = "getStuff"
		op.Summary = "Get stuff"
		op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{Schema: &schema.Schema{
			Name:  "Stuff",
			Types: []string{"object"},
			Properties: []schema.Property{
				{Name: "name", Required: true, Schema: &schema.Schema{Types: []string{"string"}}},
			},
		}})
	})
}

func ExampleNew() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", stuff())

	doc := openapi.New(mux, openapi.Info{Title: "Stuff", Version: "1.0"})
	fmt.Printf("%s", doc.JSON())
	// Output:
	// {
	//   "openapi": "3.1.1",
	//   "info": {
	//     "title": "Stuff",
	//     "version": "1.0"
	//   },
	//   "servers": [
	//     {
	//       "url": "/"
	//     }
	//   ],
	//   "security": [],
	//   "paths": {
	//     "/stuff": {
	//       "get": {
	//         "summary": "Get stuff",
	//         "operationId": "getStuff",
	//         "responses": {
	//           "200": {
	//             "description": "OK",
	//             "content": {
	//               "application/json": {
	//                 "schema": {
	//                   "$ref": "#/components/schemas/Stuff"
	//                 }
	//               }
	//             }
	//           }
	//         }
	//       }
	//     }
	//   },
	//   "components": {
	//     "schemas": {
	//       "Stuff": {
	//         "type": "object",
	//         "properties": {
	//           "name": {
	//             "type": "string"
	//           }
	//         },
	//         "required": [
	//           "name"
	//         ]
	//       }
	//     }
	//   }
	// }
}

func ExampleDocument_Handler() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", stuff())
	doc := openapi.New(mux, openapi.Info{Title: "Stuff", Version: "1.0"})
	mux.Handle("GET", "/openapi.json", doc.Handler())

	r := httptest.NewRequest("GET", "/openapi.json", nil)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Content-Type"))

	r = httptest.NewRequest("GET", "/openapi.json", nil)
	r.Header.Set("If-None-Match", w.Header().Get("Etag"))
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// 200 application/json
	// 304
}

func ExampleInfo_host() {
	hosts := tigertonic.NewHostServeMux()
	for _, host := range []string{"a.example.com", "b.example.com"} {
		mux := tigertonic.NewTrieServeMux()
		mux.Handle("GET", "/"+host[:1], stuff())
		mux.Handle("GET", "/", tigertonic.Version(host))
		hosts.Handle(host, mux)
	}

	doc := openapi.New(hosts, openapi.Info{Title: "Stuff", Version: "1.0", Host: "b.example.com"})
	fmt.Println(paths(doc))
	// Output: [/ /b]
}
