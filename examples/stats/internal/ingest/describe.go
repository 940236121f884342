package ingest

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// DescribeEZ describes /ez for a document.
func DescribeEZ(op *tigertonic.Operation) {
	op.Summary = "Count by name"
	op.Description = "Adds a count or a value to a stat, which is created if it doesn't exist. All parameters may be in the query or, of a POST, " +
		"in a form. A batch in JSON is stored as a whole or not at all. The name mail~total,eu stands for the stats mail total and mail eu."
	describe(op, []field{
		{"ezkey", "The key of the account. It may be called email, too.", "string"},
		{"stat", "The name of the stat, of at most 255 characters.", "string"},
		{"count", "What to add to a counter.", "number"},
		{"value", "What to add to the values of a stat.", "number"},
	})
	if op.Body != nil {
		op.Body.Content["application/json"] = tigertonic.MediaType{Schema: batchSchema()}
	}
}

// DescribeClassic returns what describes /c and /v.
func DescribeClassic(number, summary string) func(*tigertonic.Operation) {
	return func(op *tigertonic.Operation) {
		op.Summary = summary
		op.Description = "The keys are on the stat's page and are good for nothing else, so pages of others may have them."
		describe(op, []field{
			{"ukey", "The user key of the account.", "string"},
			{"key", "The key of the stat.", "string"},
			{number, "What to add.", "number"},
		})
	}
}

// A field is one of a form or a query.
type field struct{ name, doc, kind string }

func describe(op *tigertonic.Operation, fields []field) {
	fields = append(
		fields,
		field{"t", "When it was, in seconds since 1970: not more than ten years ago, and not more than ten minutes ahead. By default, now.", "integer"},
		field{"vb", "1 for an acknowledgement with a body.", "string"},
	)
	op.Tags = []string{"ingest"}
	op.Parameters = append(op.Parameters, tigertonic.Parameter{
		Name: "Idempotency-Key", In: "header", Schema: text(),
		Description: "A key that the client makes up for this request. Within two days, the same request with the same key counts once.",
	})
	form := &schema.Schema{Types: []string{"object"}}
	for _, f := range fields {
		s := &schema.Schema{Types: []string{f.kind}, Description: f.doc}
		op.Parameters = append(op.Parameters, tigertonic.Parameter{Name: f.name, In: "query", Description: f.doc, Schema: &schema.Schema{Types: []string{f.kind}}})
		form.Properties = append(form.Properties, schema.Property{Name: f.name, Schema: s})
	}
	if op.ID != "" && op.ID[len(op.ID)-5:] == "-post" {
		op.Body = &tigertonic.RequestBody{Content: map[string]tigertonic.MediaType{"application/x-www-form-urlencoded": {Schema: form}}}
	}
	op.Response(http.StatusNoContent).Description = "It is stored."
	stored := op.Response(http.StatusOK)
	stored.Description = "It is stored, and was sent in JSON, with vb=1, or to a service that always says so."
	stored.Add("application/json", tigertonic.MediaType{Schema: refusalSchema()})
	for status, what := range map[int]string{
		http.StatusBadRequest:            "It can't be read, or the stat is of the other kind. Nothing is stored.",
		http.StatusForbidden:             "The key isn't known.",
		http.StatusConflict:              "Another request had the Idempotency-Key.",
		http.StatusRequestEntityTooLarge: "The body is longer than 1 MiB, or there are more than 10,000 samples.",
		http.StatusUnsupportedMediaType:  "The body is neither a form nor JSON.",
		http.StatusTooManyRequests:       "There are too many samples. Nothing is stored: try again.",
		http.StatusServiceUnavailable:    "Nothing can be stored at the moment: try again.",
	} {
		op.Response(status).Description = what
		op.Response(status).Add("application/json", tigertonic.MediaType{Schema: refusalSchema()})
	}
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		op.Response(status).SetHeader("Retry-After", "After how many seconds to try again.", &schema.Schema{Types: []string{"string"}})
	}
	op.Response(http.StatusMethodNotAllowed).Description = http.StatusText(http.StatusMethodNotAllowed)
}

func text() *schema.Schema { return &schema.Schema{Types: []string{"string"}} }

func batchSchema() *schema.Schema {
	number, integer := &schema.Schema{Types: []string{"number"}}, &schema.Schema{Types: []string{"integer"}}
	element := &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "stat", Schema: text(), Required: true},
		{Name: "count", Schema: number},
		{Name: "value", Schema: number},
		{Name: "t", Schema: integer},
	}}
	most := maxSamples
	return &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "ezkey", Schema: text()},
		{Name: "data", Schema: &schema.Schema{Types: []string{"array"}, Items: element, MaxItems: &most}},
	}}
}

func refusalSchema() *schema.Schema {
	return &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
		{Name: "status", Schema: &schema.Schema{Types: []string{"integer"}}, Required: true},
		{Name: "msg", Schema: text(), Required: true},
		{Name: "errors", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
			{Name: "i", Schema: &schema.Schema{Types: []string{"integer"}}, Required: true},
			{Name: "msg", Schema: text(), Required: true},
		}}}},
	}}
}
