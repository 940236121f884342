package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

// What is declared once is registered, wrapped in middleware or not, and makes the URLs
// that answers name. Package client calls it.
func ExampleDeclare() {
	type in struct {
		ID    string `path:"id"`
		Grams int    `query:"grams" default:"100"`
	}
	type tea struct {
		Text string `json:"text"`
	}
	var (
		getTea = tigertonic.Declare[in, tea]("GET", "/teas/{id}").Under("/1.0")
		anyTea = tigertonic.Declare[struct{}, tigertonic.Response[struct{}]]("GET", "/any").Under("/1.0")
	)
	teas, root := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	root.HandleNamespace("/1.0", teas)
	getTea.HandleFunc(teas, func(_ context.Context, in *in) (tea, error) {
		return tea{fmt.Sprintf("%d g of %s", in.Grams, in.ID)}, nil
	}).Summary("Show a tea")
	anyTea.Handle(teas, tigertonic.Identified(anyTea.Typed(func(context.Context, *struct{}) (r tigertonic.Response[struct{}], err error) {
		location, err := getTea.URL(&in{ID: "sencha/gyokuro", Grams: 50})
		r.Status, r.Header = http.StatusSeeOther, http.Header{"Location": {location}}
		fmt.Println(location)
		return r, err
	}), nil))

	request(root, "GET", "/1.0/any", "")
	request(root, "GET", "/1.0/teas/sencha%2Fgyokuro?grams=50", "")
	// Output:
	// /1.0/teas/sencha%2Fgyokuro?grams=50
	// 303
	// 200 {"text":"50 g of sencha/gyokuro"}
}
