package tigertonic_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A payment is one of several structs.
type payment struct {
	tigertonic.Union `discriminator:"type"`

	Card     *card         `variant:"card"`
	Transfer *bankTransfer `variant:"transfer"`
	Cash     *struct{}     `variant:"cash"`
	Split    *split        `variant:"split"`
}

type card struct {
	Number string   `json:"number" pattern:"^[0-9]{4}$"`
	Month  int      `json:"month" minimum:"1" maximum:"12" default:"1"`
	Tags   []string `json:"tags,omitempty"`
}

type bankTransfer struct {
	IBAN string `json:"iban" minLength:"3"`
	Note *string
}

func (b *bankTransfer) Validate(context.Context) error {
	if strings.HasPrefix(b.IBAN, "XX") {
		return tigertonic.FieldErrors{{Pointer: "/iban", Detail: "is of no country"}}
	}
	return nil
}

type split struct {
	Parts []payment                 `json:"parts"`
	Named map[string]payment        `json:"named,omitempty"`
	Rest  tigertonic.Opt[payment]   `json:"rest,omitzero"`
	Any   map[string]*[]payment     `json:"any,omitempty"`
	Other map[string]map[string]int `json:",embed"`
}

func ofCard(number string) payment { return payment{Card: &card{Number: number, Month: 1}} }

// paid is a handler that answers with the payment that it gets, in Go's words.
func paid(t *testing.T) http.Handler {
	t.Helper()
	return tigertonic.Typed(func(_ context.Context, in *payment) (payment, error) { return *in, nil })
}

func TestUnionsGoInAndOut(t *testing.T) {
	h := paid(t)
	for in, out := range map[string]string{
		`{"type":"card","number":"1234"}`:                                         `{"type":"card","number":"1234","month":1}`,
		`{"number":"1234","month":2,"type":"card"}`:                               `{"type":"card","number":"1234","month":2}`,
		`{ "number" : "1234" , "tags" : ["}", "{"] , "\u0074ype" : "c\u0061rd" }`: `{"type":"card","number":"1234","month":1,"tags":["}","{"]}`,
		`{"type":"transfer","iban":"DE1","Note":"n"}`:                             `{"type":"transfer","iban":"DE1","Note":"n"}`,
		`{"iban":"DE1","Note":null,"type":"transfer"}`:                            `{"type":"transfer","iban":"DE1","Note":null}`,
		`{"type":"cash"}`:             `{"type":"cash"}`,
		`{"parts":[],"type":"split"}`: `{"type":"split","parts":[]}`,
		`{"more":{"a":1},"parts":[{"type":"cash"},{"parts":[{"number":"1234","type":"card"}],"type":"split"}],"type":"split"}`:                                                         `{"type":"split","parts":[{"type":"cash"},{"type":"split","parts":[{"type":"card","number":"1234","month":1}]}],"more":{"a":1}}`,
		`{"named":{"b":{"number":"1234","type":"card"},"a":{"type":"cash"}},"parts":[],"rest":{"iban":"DE1","type":"transfer"},"any":{"x":[{"type":"cash"}],"y":null},"type":"split"}`: `{"type":"split","parts":[],"named":{"a":{"type":"cash"},"b":{"type":"card","number":"1234","month":1}},"rest":{"type":"transfer","iban":"DE1","Note":null},"any":{"x":[{"type":"cash"}],"y":null}}`,
	} {
		w := postJSON(t, h, "/", in)
		assert.Equal(t, 200, w.Code, "%s: %s", in, w.Body)
		assert.Equal(t, out+"\n", w.Body.String(), in)
	}
}

func TestUnionsThatAreWrong(t *testing.T) {
	h := paid(t)
	for in, want := range map[string][]string{
		`{}`:                           {`{"pointer":"/type","keyword":"required","detail":"is required, and must be one of card, cash, split, transfer"}`},
		`{"number":"1"}`:               {`{"pointer":"/type","keyword":"required","detail":"is required, and must be one of card, cash, split, transfer"}`},
		`{"type":"Card"}`:              {`{"pointer":"/type","keyword":"enum","limit":["card","transfer","cash","split"],"detail":"must be one of card, cash, split, transfer"}`},
		`{"type":null}`:                {`{"pointer":"/type","keyword":"enum","limit":["card","transfer","cash","split"],"detail":"must be one of card, cash, split, transfer"}`},
		`{"type":{"type":"card"}}`:     {`{"pointer":"/type","keyword":"enum","limit":["card","transfer","cash","split"],"detail":"must be one of card, cash, split, transfer"}`},
		`[]`:                           {`{"pointer":"","keyword":"type","limit":"object","detail":"must be an object"}`},
		`null`:                         {`{"pointer":"","keyword":"type","limit":"object","detail":"must be an object"}`},
		`{"type":"card","number":"x"}`: {`{"pointer":"/number","keyword":"pattern","limit":"^[0-9]{4}$","detail":"must match ^[0-9]{4}$"}`},
		`{"number":"1234","month":13,"iban":"x","type":"card"}`: {
			`{"pointer":"/month","keyword":"maximum","limit":12,"detail":"must be at most 12"}`,
			`{"pointer":"/iban","keyword":"additionalProperties","limit":false,"detail":"is not known"}`,
		},
		`{"type":"cash","number":"1234"}`: {`{"pointer":"/number","keyword":"additionalProperties","limit":false,"detail":"is not known"}`},
		`{"parts":[{"type":"cash"},{"type":"gold"}],"rest":{"type":"transfer","iban":"x"},"type":"split"}`: {
			`{"pointer":"/parts/1/type","keyword":"enum","limit":["card","transfer","cash","split"],"detail":"must be one of card, cash, split, transfer"}`,
			`{"pointer":"/rest/iban","keyword":"minLength","limit":3,"detail":"must be at least 3 characters long"}`,
		},
		`{"type":"split","parts":[],"named":{"a/b":{"iban":"XX1","type":"transfer"}}}`: {`{"pointer":"/named/a~1b/iban","detail":"is of no country"}`},
		`{"type":"split","parts":[{"type":"transfer","iban":"XX1"}]}`:                  {`{"pointer":"/parts/0/iban","detail":"is of no country"}`},
		`{"type":"transfer","iban":"XX1"}`:                                             {`{"pointer":"/iban","detail":"is of no country"}`},
	} {
		w := postJSON(t, h, "/", in)
		assert.Equal(t, 422, w.Code, in)
		assert.JSONEq(t, `{"title":"Unprocessable Entity","status":422,"detail":"the request isn't valid","errors":[`+strings.Join(want, ",")+`]}`, w.Body.String(), in)
	}
	assert.Equal(t, 400, postJSON(t, h, "/", `{"type":"card","type":"card"}`).Code)
	assert.Equal(t, 400, postJSON(t, h, "/", `{"type":"card"`).Code)
}

func TestUnionsWithoutOneVariantFail(t *testing.T) {
	for text, p := range map[string]payment{
		"has no variant that is set: one of Card, Transfer, Cash, Split must be": {},
		"has two variants that are set, Card and Cash":                           {Card: &card{}, Cash: &struct{}{}},
	} {
		type answer struct {
			Payment payment `json:"payment"`
		}
		h := tigertonic.Typed(func(context.Context, *struct{}) (answer, error) { return answer{p}, nil })
		var log strings.Builder
		w := serve(t, tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}), "GET", "/", "")
		assert.Equal(t, 500, w.Code)
		assert.NotContains(t, w.Body.String(), "variant")
		assert.Contains(t, log.String(), text)
	}
	type answer struct {
		A payment                 `json:"a,omitzero"`
		B payment                 `json:"b,omitempty"` //nolint:modernize // it has an effect here
		C tigertonic.Opt[payment] `json:"c,omitzero"`
		D *payment                `json:"d"`
	}
	h := tigertonic.Typed(func(context.Context, *struct{}) (answer, error) { return answer{}, nil })
	assert.Equal(t, "{\"d\":null}\n", serve(t, h, "GET", "/", "").Body.String())
}

func TestUnionsInStreams(t *testing.T) {
	all := []payment{ofCard("1234"), {Cash: &struct{}{}}, {Transfer: &bankTransfer{IBAN: "DE1"}}}
	h := tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[payment, error], error) {
		return func(yield func(payment, error) bool) {
			for _, p := range all {
				if !yield(p, nil) {
					return
				}
			}
		}, nil
	})
	want := []string{`{"type":"card","number":"1234","month":1}`, `{"type":"cash"}`, `{"type":"transfer","iban":"DE1","Note":null}`}
	for accept, text := range map[string]string{
		"application/json":  "[" + strings.Join(want, ",") + "]\n",
		"application/jsonl": strings.Join(want, "\n") + "\n",
		"text/event-stream": "data: " + strings.Join(want, "\n\ndata: ") + "\n\n",
	} {
		w := serve(t, h, "GET", "/", "", "Accept", accept)
		assert.True(t, strings.HasPrefix(w.Body.String(), strings.TrimSuffix(text, "]\n")), "%s: %s", accept, w.Body)
	}
}

func TestJSONPackagesAloneRefuseUnions(t *testing.T) {
	_, err := json.Marshal(ofCard("1234"))
	require.ErrorContains(t, err, "a Union is written and read by Typed and package client")
	var p payment
	require.ErrorContains(t, json.Unmarshal([]byte(`{"type":"cash"}`), &p), "a Union is written and read by Typed and package client")
}

// However deep unions are nested, and wherever their discriminators are, reading them takes
// time in proportion to the text.
func TestNestedUnionsAreReadInProportion(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"parts":[`, depth) + `{"type":"cash"}` + strings.Repeat(`],"type":"split"}`, depth)
	}
	h := tigertonic.Sized(paid(t), 1<<20)
	w := postJSON(t, h, "/", nested(400))
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, 400, strings.Count(w.Body.String(), `{"type":"split"`))
	w = postJSON(t, h, "/", nested(10))
	assert.Equal(t, 10, strings.Count(w.Body.String(), `{"type":"split"`))
	w = postJSON(t, h, "/", nested(4000))
	assert.Equal(t, 422, w.Code)
}

func TestUnionsThatCannotBeAreRefused(t *testing.T) {
	type inner struct {
		Type string `json:"type"`
	}
	type tagged struct {
		tigertonic.Union `discriminator:"type"`
		A                *card `variant:"a" doc:"a card"`
	}
	for text, f := range map[string]func(){
		`the embedded Union has no tag discriminator:"…"`: func() {
			taken[struct {
				tigertonic.Union
				A *card `variant:"a"`
			}]()
		},
		`it has no variants`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"type"`
			}]()
		},
		`B: variant:"a" is that of A, too`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"type"`
				A                *card `variant:"a"`
				B                *card `variant:"a"`
			}]()
		},
		`A: a variant is a pointer to a struct`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"type"`
				A                card `variant:"a"`
			}]()
		},
		`A: a field of a union has a tag variant:"…"`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"type"`
				A                *card
			}]()
		},
		`inner has a member "type", which is the discriminator`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"type"`
				A                *inner `variant:"a"`
			}]()
		},
		`A: a variant can't be a union`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"kind"`
				A                *payment `variant:"a"`
			}]()
		},
		`A: a variant has no name in JSON`: func() {
			taken[struct {
				tigertonic.Union `discriminator:"kind"`
				A                *card `variant:"a" json:"a"`
			}]()
		},
		`tagged.A: a variant has no tag doc`: func() { taken[tagged]() },
		`a union that is embedded would give the struct its form`: func() {
			taken[struct {
				payment
				A int `json:"a"`
			}]()
		},
		`tigertonic_test.card.Number: maximum:"1": a value`: func() {
			type card struct {
				Number string `json:"number" maximum:"1"`
			}
			taken[struct {
				tigertonic.Union `discriminator:"kind"`
				A                *card `variant:"a"`
			}]()
		},
	} {
		got := refusal(f)
		assert.Contains(t, got, text)
		assert.Contains(t, got, "_test.go:N)")
	}
}

func TestPatchesOfUnions(t *testing.T) {
	type order struct {
		ID      string                  `json:"id"`
		Payment payment                 `json:"payment"`
		Backup  tigertonic.Opt[payment] `json:"backup,omitzero"`
	}
	before := func() order {
		return order{ID: "7", Payment: payment{Card: &card{Number: "1234", Month: 2, Tags: []string{"a"}}}}
	}
	for patch, want := range map[string]string{
		`{}`:                      `{"id":"7","payment":{"type":"card","number":"1234","month":2,"tags":["a"]}}`,
		`{"payment":{"month":3}}`: `{"id":"7","payment":{"type":"card","number":"1234","month":3,"tags":["a"]}}`,
		`{"payment":{"type":"card","tags":null}}`:                                `{"id":"7","payment":{"type":"card","number":"1234","month":2}}`,
		`{"payment":{"type":"cash"}}`:                                            `{"id":"7","payment":{"type":"cash"}}`,
		`{"payment":{"iban":"DE1","type":"transfer"}}`:                           `{"id":"7","payment":{"type":"transfer","iban":"DE1","Note":null}}`,
		`{"backup":{"type":"card","number":"9999"}}`:                             `{"id":"7","payment":{"type":"card","number":"1234","month":2,"tags":["a"]},"backup":{"type":"card","number":"9999","month":1}}`,
		`{"backup":null}`:                                                        `{"id":"7","payment":{"type":"card","number":"1234","month":2,"tags":["a"]}}`,
		`{"payment":{"type":"split","parts":[{"number":"1111","type":"card"}]}}`: `{"id":"7","payment":{"type":"split","parts":[{"type":"card","number":"1111","month":1}]}}`,
	} {
		h := tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[order]) (order, error) {
			o := before()
			held := o.Payment.Card
			err := in.Apply(ctx, &o)
			if held.Month != 2 {
				err = errors.Join(err, fmt.Errorf("what a pointer leads to was changed"))
			}
			return o, err
		})
		w := serve(t, h, "PATCH", "/", patch, "Content-Type", "application/merge-patch+json")
		assert.Equal(t, want+"\n", w.Body.String(), patch)
	}
	for patch, want := range map[string]string{
		`{"payment":{"type":"gold"}}`:            `"pointer":"/payment/type","keyword":"enum"`,
		`{"payment":{"type":"transfer"}}`:        `"pointer":"/payment/iban","keyword":"required"`,
		`{"payment":{"type":"card","month":13}}`: `"pointer":"/payment/month","keyword":"maximum"`,
		`{"payment":{"iban":"DE1"}}`:             `"pointer":"/payment/iban","keyword":"additionalProperties"`,
		`{"payment":{"type":null}}`:              `"pointer":"/payment/type","keyword":"enum"`,
		`{"payment":{"month":"x"}}`:              `"pointer":"/payment`,
		`{"backup":{"number":"1234"}}`:           `"pointer":"/backup/type","keyword":"required"`,
		`{"payment":null}`:                       `"pointer":"/payment"`,
	} {
		h := tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[order]) (order, error) {
			o := before()
			err := in.Apply(ctx, &o)
			return o, err
		})
		w := serve(t, h, "PATCH", "/", patch, "Content-Type", "application/merge-patch+json")
		assert.Equal(t, 422, w.Code, patch)
		assert.Contains(t, w.Body.String(), want, patch)
	}
}

// A part is one of twenty structs. An item is one of them alone, with the member that says
// which.
type part struct {
	tigertonic.Union `discriminator:"type"`

	A *partOf `variant:"a"`
	B *partOf `variant:"b"`
	C *partOf `variant:"c"`
	D *partOf `variant:"d"`
	E *partOf `variant:"e"`
	F *partOf `variant:"f"`
	G *partOf `variant:"g"`
	H *partOf `variant:"h"`
	I *partOf `variant:"i"`
	J *partOf `variant:"j"`
	K *partOf `variant:"k"`
	L *partOf `variant:"l"`
	M *partOf `variant:"m"`
	N *partOf `variant:"n"`
	O *partOf `variant:"o"`
	P *partOf `variant:"p"`
	Q *partOf `variant:"q"`
	R *partOf `variant:"r"`
	S *partOf `variant:"s"`
	T *partOf `variant:"t"`
}

type partOf struct {
	SKU      string  `json:"sku" pattern:"^[A-Z0-9-]+$"`
	Name     string  `json:"name" minLength:"1" maxLength:"64"`
	Quantity int     `json:"quantity" minimum:"1" maximum:"1000"`
	Price    float64 `json:"price" exclusiveMinimum:"0"`
	Express  bool    `json:"express"`
	Note     string  `json:"note" maxLength:"200"`
}

type item struct {
	Type string `json:"type" enum:"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t"`
	partOf
}

// hundredParts returns the JSON of a hundred parts, of all types in turn.
func hundredParts() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `,{"type":"%c","sku":"ENGINE-%d","name":"Difference engine","quantity":%d,"price":12.5,"express":true,"note":"Leave it at the door."}`, 'a'+i%20, i, i+1)
	}
	return "[" + b.String()[1:] + "]"
}

// echo answers with what it gets.
func echo[T any]() http.Handler {
	return tigertonic.Typed(func(_ context.Context, in *T) (T, error) { return *in, nil })
}

// count answers with how many it gets.
func count[T any]() http.Handler {
	return tigertonic.Typed(func(_ context.Context, in *[]T) (int, error) { return len(*in), nil })
}

func unionBenchmarks() map[string]http.Handler {
	return map[string]http.Handler{
		"in/structs": count[item](), "in/pointers": count[*item](), "in/unions": count[part](),
		"in and out/structs": echo[[]item](), "in and out/pointers": echo[[]*item](), "in and out/unions": echo[[]part](),
	}
}

func BenchmarkUnions(b *testing.B) {
	body := hundredParts()
	for _, name := range []string{"in/structs", "in/pointers", "in/unions", "in and out/structs", "in and out/pointers", "in and out/unions"} {
		b.Run(name, func(b *testing.B) {
			ask := asker(b, unionBenchmarks()[name], "POST", "/", body, "Content-Type", "application/json")
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
}

// A union costs what a pointer to the struct does.
func TestUnionAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	body, all := hundredParts(), unionBenchmarks()
	for _, way := range []string{"in", "in and out"} {
		pointers := testing.AllocsPerRun(50, asker(t, all[way+"/pointers"], "POST", "/", body, "Content-Type", "application/json"))
		unions := testing.AllocsPerRun(50, asker(t, all[way+"/unions"], "POST", "/", body, "Content-Type", "application/json"))
		assert.LessOrEqual(t, unions, pointers+4, way) // of the longer list
	}
}

// A body that is decoded in one pass and one that is checked and then decoded, as long ones
// are, get the same answer.
func FuzzUnions(f *testing.F) {
	for _, seed := range []string{
		`{"type":"card","number":"1234"}`, `{"number":"1234","month":2,"type":"card"}`, `{"type":"cash"}`, `{"type":"gold"}`, `{"type":1}`, `{}`, `[]`,
		`{"iban":"DE1","Note":null,"type":"transfer"}`, `{"type":"split","parts":[{"parts":[{"number":"1234","type":"card"}],"type":"split"}],"more":{"a":1}}`,
		`{"parts":[],"named":{"a":{"type":"cash"}},"rest":{"type":"cash"},"any":{"x":[{"type":"cash"}],"y":null},"type":"split"}`,
		`{"type":"card","type":"card","number":"1234"}`, `{"\u0074ype":"c\u0061rd","number":"1234"}`, `{"type":"card",}`, `{"type":"cash"`, `{"type":"split","parts":null}`,
	} {
		f.Add(seed)
	}
	h := tigertonic.Typed(func(_ context.Context, in *payment) (payment, error) { return *in, nil })
	padding := strings.Repeat(" ", 65<<10)
	f.Fuzz(func(t *testing.T, body string) {
		short, long := postJSON(t, h, "/", body), postJSON(t, h, "/", body+padding)
		require.Equal(t, short.Code, long.Code, "%s%s", short.Body, long.Body)
		require.NotEqual(t, 500, short.Code)
		if short.Code != 400 {
			require.Equal(t, short.Body.String(), long.Body.String())
		}
	})
}
