package tigertonic_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

type orderLine struct {
	ID   string `path:"id" maxLength:"3"`
	Page []int  `query:"page" maximum:"9"`
	Seen bool   `cookie:"seen"`
	Body struct {
		Quantity int                    `json:"qty" minimum:"1" maximum:"99"`
		Color    string                 `json:"color" enum:"red,green"`
		Code     string                 `json:"code" pattern:"^<[a-z]+>$"`
		Name     tigertonic.Opt[string] `json:"name,omitzero" minLength:"2"`
		Price    float64                `json:"price" multipleOf:"0.5"`
		Tags     []string               `json:"tags,omitempty" uniqueItems:"true"`
	} `body:""`
}

func TestErrorsNameTheKeywordAndItsLimit(t *testing.T) {
	h := tigertonic.NewTrieServeMux()
	h.Handle("PUT", "/{id}", taken[orderLine]())
	w := serve(t, h, "PUT", "/long?page=1&page=10&page=x", `{"qty":0,"color":"blue","code":"<A>","name":"x","price":0.7,"tags":["a","a"],"Qty":1}`,
		"Content-Type", "application/json", "Cookie", "seen=maybe")
	assert.Equal(t, http.StatusUnprocessableEntity, w.Code)
	assert.JSONEq(t, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[
		{"parameter":"id","in":"path","keyword":"maxLength","limit":3,"detail":"must be at most 3 characters long"},
		{"parameter":"page","in":"query","keyword":"maximum","limit":9,"detail":"value 2 must be at most 9"},
		{"parameter":"page","in":"query","keyword":"type","limit":"integer","detail":"value 3 must be an integer"},
		{"parameter":"seen","in":"cookie","keyword":"type","limit":"boolean","detail":"must be true or false"},
		{"pointer":"/qty","keyword":"minimum","limit":1,"detail":"must be at least 1"},
		{"pointer":"/color","keyword":"enum","limit":["red","green"],"detail":"must be one of green, red"},
		{"pointer":"/code","keyword":"pattern","limit":"^<[a-z]+>$","detail":"must match ^<[a-z]+>$"},
		{"pointer":"/name","keyword":"minLength","limit":2,"detail":"must be at least 2 characters long"},
		{"pointer":"/price","keyword":"multipleOf","limit":0.5,"detail":"must be a multiple of 0.5"},
		{"pointer":"/tags","keyword":"uniqueItems","limit":true,"detail":"must have no item twice"},
		{"pointer":"/Qty","keyword":"additionalProperties","limit":false,"detail":"is not known"}
	]}`, w.Body.String())
	assert.NotContains(t, w.Body.String(), "<", "it may end up in a page")

	w = serve(t, h, "PUT", "/1", `{}`, "Content-Type", "application/json")
	assert.Contains(t, w.Body.String(), `{"pointer":"/qty","keyword":"required","detail":"is required"}`)
	w = serve(t, h, "PUT", "/1", ``)
	assert.Contains(t, w.Body.String(), `{"pointer":"","keyword":"required","detail":"is required"}`)
}

func TestLimitThatIsNoJSONIsLeftOut(t *testing.T) {
	text, err := tigertonic.FieldError{Pointer: "/a", Keyword: "size", Limit: "7 or 8", Detail: "is wrong"}.MarshalJSON()
	assert.NoError(t, err)
	assert.Equal(t, `{"pointer":"/a","keyword":"size","detail":"is wrong"}`, string(text))
}

type quantity struct {
	N int `json:"n" minimum:"1"`
}

// Validate refuses one number.
func (q *quantity) Validate(context.Context) error {
	if q.N == 13 {
		return tigertonic.FieldErrors{{Pointer: "/n", Keyword: "luck", Detail: "brings bad luck"}}
	}
	return nil
}

func inGerman(accepted string) (string, func(tigertonic.FieldError) string) {
	if accepted != "de" && accepted != "de,en" {
		return "en", nil
	}
	return "de", func(e tigertonic.FieldError) string {
		switch {
		case e.Keyword == "minimum":
			return "muss mindestens " + e.Limit + " sein"
		case e.Keyword == "luck":
			return "bringt Unglück"
		case e.Pointer == "" && e.Parameter == "" && e.Detail == "the request isn't valid":
			return "die Anfrage ist ungültig"
		}
		return ""
	}
}

func TestErrorsAreInTheClientsLanguage(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/", taken[quantity]())
	h := tigertonic.Localized(mux, inGerman)
	for _, tt := range []struct{ accept, body, language, vary, want string }{
		{"de", `{"n":0}`, "de", "Accept-Language", `{"title":"Unprocessable Entity","status":422,"detail":"die Anfrage ist ungültig","errors":[{"pointer":"/n","keyword":"minimum","limit":1,"detail":"muss mindestens 1 sein"}]}`},
		{"de", `{"n":13}`, "de", "Accept-Language", `{"title":"Unprocessable Entity","status":422,"detail":"die Anfrage ist ungültig","errors":[{"pointer":"/n","keyword":"luck","detail":"bringt Unglück"}]}`},
		{"de", `{"n":""}`, "de", "Accept-Language", `{"title":"Unprocessable Entity","status":422,"detail":"die Anfrage ist ungültig","errors":[{"pointer":"/n","keyword":"type","limit":"integer","detail":"must be an integer"}]}`},
		{"de", `{`, "de", "Accept-Language", `{"title":"Bad Request","status":400,"detail":"the request can't be read","errors":[{"pointer":"","detail":"ends before it is whole"}]}`},
		{"fr", `{"n":0}`, "", "Accept-Language", `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[{"pointer":"/n","keyword":"minimum","limit":1,"detail":"must be at least 1"}]}`},
		{"de", `{"n":1}`, "", "", ``},
	} {
		w := serve(t, h, "POST", "/", tt.body, "Content-Type", "application/json", "Accept-Language", tt.accept)
		assert.Equal(t, tt.want, strings.TrimSpace(w.Body.String()), tt.body)
		assert.Equal(t, tt.language, w.Header().Get("Content-Language"), tt.body)
		assert.Equal(t, tt.vary, w.Header().Get("Vary"), tt.body)
	}
	w := serve(t, h, "POST", "/", `{"n":0}`, "Content-Type", "application/json", "Accept-Language", "de", "Accept-Language", "en")
	assert.Contains(t, w.Body.String(), "muss mindestens 1 sein")
}

// What a function refuses is told in its language, too, and other errors are as they were.
func TestErrorsOfFunctionsAreInTheClientsLanguage(t *testing.T) {
	h := tigertonic.Localized(tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) {
		return struct{}{}, tigertonic.FieldErrors{{Pointer: "/n", Keyword: "minimum", Limit: "2", Detail: "must be at least 2"}}
	}), inGerman)
	assert.Contains(t, serve(t, h, "GET", "/", "", "Accept-Language", "de").Body.String(), "muss mindestens 2 sein")
	h = tigertonic.Localized(tigertonic.Typed(func(context.Context, *struct{}) (struct{}, error) {
		return struct{}{}, tigertonic.BadRequest{}
	}), func(string) (string, func(tigertonic.FieldError) string) { t.Error("asked"); return "", nil })
	assert.Equal(t, http.StatusBadRequest, serve(t, h, "GET", "/", "").Code)
}

func TestLocalizedRefusesMistakes(t *testing.T) {
	assert.Contains(t, panicOf(t, func() { tigertonic.Localized(http.NotFoundHandler(), nil) }), "Localized: the function is nil")
	assert.Contains(t, panicOf(t, func() { tigertonic.Localized(nil, inGerman) }), "Localized: the handler is nil")
}
