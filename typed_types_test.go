package tigertonic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// One table says of each Go type what its schema is, what it accepts and what it
// refuses, so that the three can't differ.

// A box holds a value of any type in a body.
type box[T any] struct {
	V T `json:"v"`
}

// A typeRow is what is known of a type. Accepted are bodies, with what they are
// encoded as again if it is something else, and refused ones with the pointer
// and the detail of each error.
type typeRow struct {
	name     string
	endpoint http.Handler
	schema   *schema.Schema
	want     string
	accepted [][]string
	refused  [][]string
}

func rowOf[T any](want string, accepted, refused [][]string) typeRow {
	return typeRow{fmt.Sprintf("%T", *new(T)), echoed[box[T]](), tigertonic.SchemaOf[box[T]](), want, accepted, refused}
}

// schemaText returns a schema as JSON Schema has it, those with a name by it.
func schemaText(t *testing.T, s *schema.Schema) string {
	text, err := json.Marshal(schemaMembers(s))
	require.NoError(t, err)
	return string(text)
}

func schemaMembers(s *schema.Schema) map[string]any {
	if s.Name != "" {
		return map[string]any{"$ref": s.Name}
	}
	return schemaBody(s)
}

func schemaBody(s *schema.Schema) map[string]any {
	m := map[string]any{}
	set := func(name string, value any, there bool) {
		if there {
			m[name] = value
		}
	}
	if s.Ref != nil {
		m["allOf"] = []any{schemaMembers(s.Ref)}
	}
	var anyOf []any
	for _, alternative := range s.AnyOf {
		anyOf = append(anyOf, schemaMembers(alternative))
	}
	set("anyOf", anyOf, anyOf != nil)
	set("type", strings.Join(s.Types, "|"), len(s.Types) > 0)
	set("minLength", s.MinLength, s.MinLength != nil)
	set("maxLength", s.MaxLength, s.MaxLength != nil)
	set("pattern", s.Pattern, s.Pattern != "")
	set("format", s.Format, s.Format != "")
	set("contentEncoding", s.ContentEncoding, s.ContentEncoding != "")
	for name, number := range map[string]string{
		"minimum": s.Minimum, "maximum": s.Maximum, "exclusiveMinimum": s.ExclusiveMinimum,
		"exclusiveMaximum": s.ExclusiveMaximum, "multipleOf": s.MultipleOf,
	} {
		set(name, json.Number(number), number != "")
	}
	if s.Items != nil {
		m["items"] = schemaMembers(s.Items)
	}
	set("minItems", s.MinItems, s.MinItems != nil)
	set("maxItems", s.MaxItems, s.MaxItems != nil)
	set("uniqueItems", true, s.UniqueItems)
	properties, required := map[string]any{}, []string{}
	for _, p := range s.Properties {
		properties[p.Name] = schemaMembers(p.Schema)
		if p.Required {
			required = append(required, p.Name)
		}
	}
	set("properties", properties, len(properties) > 0)
	set("required", required, len(required) > 0)
	set("closed", true, s.Closed)
	if s.Additional != nil {
		m["additionalProperties"] = schemaMembers(s.Additional)
	}
	if s.PropertyNames != nil {
		m["propertyNames"] = schemaMembers(s.PropertyNames)
	}
	set("enum", s.Enum, len(s.Enum) > 0)
	set("default", s.Default, s.Default != nil)
	set("description", s.Description, s.Description != "")
	return m
}

type (
	point struct {
		X int `json:"x"`
		Y int `json:"y,omitzero"`
	}
	tree struct {
		Kids []tree `json:"kids,omitempty"`
	}
	pair[A, B any] struct {
		A A `json:"a"`
		B B `json:"b"`
	}
	common struct {
		ID string `json:"id"`
	}
	outside struct {
		common
		*Deeper
		Name  string `json:"name"`
		Quiet string `json:"-"`
		Plain int
	}
	Deeper struct {
		Deep bool `json:"deep"`
	}
	embedding struct {
		Common common         `json:",embed"`
		Others map[string]int `json:",embed"`
	}
	quoted struct {
		N int     `json:"n,string"`
		F float64 `json:"f,string"`
		P *int    `json:"p,string"`
	}
	omitted struct {
		Empty []int         `json:"empty,omitempty"`
		Zero  int           `json:"zero,omitzero"`
		Must  *int          `json:"must" required:"true"`
		Start int           `json:"start" default:"1e2"`
		At    point         `json:"at" default:"{\"x\":1}"`
		Inner box[omitted2] `json:"inner" default:"{\"v\":{}}"`
	}
	omitted2 struct {
		N int `json:"n" default:"3"`
	}
	upper string // reads text, and writes it in capitals
	colon struct{ a, b string }
	half  int  // whose JSON is its own
	small byte // an array of these isn't base64
)

func (u *upper) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), "!") {
		return errors.New("the text of an error in Go")
	}
	*u = upper(strings.ToUpper(string(text)))
	return nil
}

func (c colon) MarshalText() ([]byte, error) { return []byte(c.a + ":" + c.b), nil }

func (c *colon) UnmarshalText(text []byte) (err error) {
	var ok bool
	if c.a, c.b, ok = strings.Cut(string(text), ":"); !ok {
		return errors.New("no colon")
	}
	return nil
}

func (h half) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"half":%d}`, int(h)), nil }

func (h *half) UnmarshalJSON(text []byte) error {
	_, err := fmt.Sscanf(string(text), `{"half":%d}`, (*int)(h))
	return err
}

func mustBe(noun string) [][]string {
	var rows [][]string
	for body, is := range map[string]string{
		`"x"`: "a string", `true`: "true or false", `null`: "null", `{"x":1}`: "an object", `[1]`: "an array", `1`: "a number",
	} {
		if !strings.Contains(noun, is) && (is != "a number" || !strings.Contains(noun, "an integer")) {
			rows = append(rows, []string{body, "", "must be " + noun})
		}
	}
	return rows
}

func plus(rows [][]string, more ...[]string) [][]string { return append(rows, more...) }

func same(bodies ...string) (rows [][]string) {
	for _, body := range bodies {
		rows = append(rows, []string{body, body})
	}
	return rows
}

const base64Only = "must be base64 (RFC 4648 §4)"

func typeRows() []typeRow {
	integers := [][]string{{`1.0`, `1`}, {`1e2`, `100`}, {`-0`, `0`}, {`0.0`, `0`}, {`100e-2`, `1`}, {`7`, `7`}}
	notIntegers := plus(mustBe("an integer"), []string{`1.5`, "", notInteger}, []string{`1e-1`, "", notInteger})
	return []typeRow{
		rowOf[string](`{"type":"string"}`, same(`""`, `"é\u0000"`, `"\"\\"`), mustBe("a string")),
		rowOf[level](`{"type":"string"}`, same(`"x"`), mustBe("a string")),
		rowOf[bool](`{"type":"boolean"}`, same(`true`, `false`), mustBe("true or false")),
		rowOf[int](`{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}`, plus(integers, same(`9223372036854775807`, `-9223372036854775808`)...),
			plus(notIntegers, []string{`9223372036854775808`, "", "must be at most 9223372036854775807"},
				[]string{`1e400`, "", "must be at most 9223372036854775807"}, []string{`-1e1000000000`, "", "must be at least -9223372036854775808"})),
		rowOf[int8](`{"type":"integer","format":"int8","minimum":-128,"maximum":127}`, plus(integers, same(`127`, `-128`)...),
			plus(notIntegers, []string{`128`, "", "must be at most 127"}, []string{`-129`, "", "must be at least -128"})),
		rowOf[int16](`{"type":"integer","format":"int16","minimum":-32768,"maximum":32767}`, plus(integers, same(`32767`)...), [][]string{{`32768`, "", "must be at most 32767"}}),
		rowOf[int32](`{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647}`, plus(integers, same(`-2147483648`)...), [][]string{{`2147483648`, "", "must be at most 2147483647"}}),
		rowOf[int64](`{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}`, integers, notIntegers),
		rowOf[uint](`{"type":"integer","format":"uint64","maximum":18446744073709551615,"minimum":0}`, plus(integers, same(`18446744073709551615`)...),
			plus(notIntegers, []string{`-1`, "", "must be at least 0"}, []string{`18446744073709551616`, "", "must be at most 18446744073709551615"})),
		rowOf[uint8](`{"type":"integer","format":"uint8","maximum":255,"minimum":0}`, plus(integers, same(`255`)...), [][]string{{`256`, "", "must be at most 255"}}),
		rowOf[uint16](`{"type":"integer","format":"uint16","maximum":65535,"minimum":0}`, integers, [][]string{{`65536`, "", "must be at most 65535"}}),
		rowOf[uint32](`{"type":"integer","format":"uint32","maximum":4294967295,"minimum":0}`, integers, [][]string{{`4294967296`, "", "must be at most 4294967295"}}),
		rowOf[uint64](`{"type":"integer","format":"uint64","maximum":18446744073709551615,"minimum":0}`, integers, notIntegers),
		rowOf[float32](`{"type":"number","format":"float"}`, same(`1`, `-1.5`, `1e+38`, `0`), plus(mustBe("a number"),
			[]string{`1e39`, "", "must be a number of 32 bits (IEEE 754)"}, []string{`1e-60`, "", "must be a number of 32 bits (IEEE 754)"})),
		rowOf[float64](`{"type":"number","format":"double"}`, plus(same(`0.1`, `1e+308`), []string{`1.0`, `1`}, []string{`-0`, `-0`}), plus(mustBe("a number"),
			[]string{`1e400`, "", "must be a number of 64 bits (IEEE 754)"}, []string{`1e1000000000`, "", "must be a number of 64 bits (IEEE 754)"},
			[]string{strings.Repeat("1", 100_000), "", "must be a number of 64 bits (IEEE 754)"})),
		rowOf[time.Time](`{"type":"string","format":"date-time"}`, plus(same(`"2020-02-29T23:59:59.123456789Z"`, `"2020-01-01T00:00:00+23:59"`), []string{`"2020-01-01t00:00:00z"`, `"2020-01-01T00:00:00Z"`},
			[]string{`"2016-12-31T23:59:60Z"`, `"2017-01-01T00:00:00Z"`}, []string{`"2017-01-01t00:59:60.5+01:00"`, `"2017-01-01T01:00:00.5+01:00"`}), plus(mustBe("a string")[:0],
			[]string{`"2020-02-30T00:00:00Z"`, "", dateTime}, []string{`"2020-01-01"`, "", dateTime}, []string{`"2016-12-31T22:59:60Z"`, "", dateTime}, []string{`"2016-12-31T23:59:61Z"`, "", dateTime},
			[]string{`"2020-01-01T00:00:00,5Z"`, "", dateTime}, []string{`"2020-01-01T00:00:00+24:00"`, "", dateTime}, []string{`""`, "", dateTime}, []string{`1`, "", "must be a string"})),
		rowOf[time.Duration](`{"type":"string","format":"go-duration"}`, [][]string{{`"90m"`, `"1h30m0s"`}, {`"0"`, `"0s"`}, {`"-1ms"`, `"-1ms"`}},
			plus(mustBe("a string")[:0], []string{`"1"`, "", duration}, []string{`""`, "", duration}, []string{`"9999999h"`, "", duration}, []string{`1`, "", "must be a string"})),
		rowOf[netip.Addr](`{"type":"string","format":"ip"}`, same(`"192.0.2.1"`, `"2001:db8::1"`, `"fe80::1%eth0"`),
			plus(mustBe("a string")[:0], []string{`""`, "", "must be an IP address, such as 192.0.2.1 or 2001:db8::1"}, []string{`"example.com"`, "", "must be an IP address, such as 192.0.2.1 or 2001:db8::1"}, []string{`1`, "", "must be a string"})),
		rowOf[netip.Prefix](`{"type":"string","format":"cidr"}`, same(`"192.0.2.0/24"`, `"::/0"`), [][]string{{`"192.0.2.1"`, "", "must be a range of IP addresses, such as 192.0.2.0/24"}}),
		rowOf[netip.AddrPort](`{"type":"string","format":"ip-port"}`, same(`"192.0.2.1:80"`, `"[::1]:80"`), [][]string{{`"::1"`, "", "must be an IP address and a port, such as 192.0.2.1:80 or [2001:db8::1]:80"}}),
		rowOf[[]byte](`{"type":"string","contentEncoding":"base64"}`, same(`""`, `"QQ=="`, `"QUI="`), [][]string{
			{`"QQ"`, "", base64Only}, {`"Q\nQ=="`, "", base64Only}, {`"_-=="`, "", base64Only}, {`[1]`, "", "must be a string"}, {`null`, "", "must be a string"},
		}),
		rowOf[[]small](`{"type":"array","items":{"type":"integer","format":"uint8","maximum":255,"minimum":0}}`, same(`[]`, `[1,255]`), [][]string{{`"QQ=="`, "", "must be an array"}}),
		rowOf[[2]int](`{"type":"array","items":{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807},"minItems":2,"maxItems":2}`, same(`[1,2]`),
			[][]string{{`[1]`, "", "must have at least 2 items"}, {`[1,2,3]`, "", "must have at most 2 items"}, {`[1,"x"]`, "/1", notInteger}}),
		rowOf[[]string](`{"type":"array","items":{"type":"string"}}`, same(`[]`, `["",""]`), plus(mustBe("an array")[:0], []string{`["",1]`, "/1", "must be a string"}, []string{`null`, "", "must be an array"})),
		rowOf[[][]int](`{"type":"array","items":{"type":"array","items":{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}}}`, same(`[[],[1]]`), [][]string{{`[[1],[2,null]]`, "/1/1", notInteger}}),
		rowOf[[]*int](`{"type":"array","items":{"type":"integer|null","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}}`, same(`[null,1]`), [][]string{{`[""]`, "/0", "must be an integer or null"}}),
		rowOf[map[string]int](`{"type":"object","additionalProperties":{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}}`, same(`{}`, `{"":1,"a/b~":2}`),
			plus(mustBe("an object")[:0], []string{`{"a/b~":""}`, "/a~1b~0", notInteger}, []string{`null`, "", "must be an object"})),
		rowOf[map[int8]bool](`{"type":"object","additionalProperties":{"type":"boolean"},"propertyNames":{"type":"string","format":"int8","pattern":"^(0|-?[1-9][0-9]*)$"}}`,
			same(`{"-128":true,"0":false}`), [][]string{{`{"128":true}`, "/128", "must be an integer from -128 to 127"}, {`{"1.0":true}`, "/1.0", "must match ^(0|-?[1-9][0-9]*)$"}}),
		rowOf[map[colon]int](`{"type":"object","additionalProperties":{"type":"integer","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}}`, same(`{"a:b":1}`), [][]string{{`{"ab":1}`, "/ab", "no colon"}}),
		rowOf[*point](`{"anyOf":[{"$ref":"point"},{"type":"null"}]}`, same(`null`, `{"x":1}`), [][]string{{`{}`, "/x", "is required"}, {`1`, "", "must be an object"}}),
		rowOf[**int](`{"type":"integer|null","format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807}`, same(`null`, `1`), nil),
		rowOf[tigertonic.Opt[string]](`{"type":"string|null"}`, same(`null`, `"x"`), [][]string{{`1`, "", "must be a string or null"}}),
		rowOf[tigertonic.Opt[point]](`{"anyOf":[{"$ref":"point"},{"type":"null"}]}`, same(`null`, `{"x":1,"y":2}`), [][]string{{`{"y":1}`, "/x", "is required"}}),
		rowOf[point](`{"$ref":"point"}`, plus(same(`{"x":1,"y":2}`), []string{` { "y" : 2 , "x" : 1.0 } `, `{"x":1,"y":2}`}), plus(mustBe("an object"),
			[]string{`{"x":1,"z":2}`, "/z", "is not known"}, []string{`{"x":1,"Y":2}`, "/Y", "is not known"}, []string{`{"x":null}`, "/x", notInteger})),
		rowOf[tree](`{"$ref":"tree"}`, same(`{}`, `{"kids":[{"kids":[{}]}]}`), [][]string{{`{"kids":[{"kids":[1]}]}`, "/kids/0/kids/0", "must be an object"}}),
		rowOf[pair[int, []string]](`{"$ref":"pair[int,[]string]"}`, same(`{"a":1,"b":["x"]}`), [][]string{{`{"a":"","b":[]}`, "/a", notInteger}}),
		rowOf[outside](`{"$ref":"outside"}`, same(`{"id":"i","deep":true,"name":"n","Plain":1}`), [][]string{
			{`{"id":"i","deep":true,"name":"n","Plain":1,"Quiet":""}`, "/Quiet", "is not known"},
			{`{"deep":true,"name":"n","Plain":1}`, "/id", "is required"},
			{`{"id":"i","deep":true,"name":"n","Plain":1,"common":{}}`, "/common", "is not known"},
		}),
		rowOf[embedding](`{"$ref":"embedding"}`, same(`{"id":"i"}`, `{"id":"i","n":1}`), [][]string{{`{"id":"i","n":""}`, "/n", notInteger}, {`{"n":1}`, "/id", "is required"}}),
		rowOf[quoted](`{"$ref":"quoted"}`, same(`{"n":"1","f":"1.5","p":null}`, `{"n":"-9","f":"1","p":"2"}`), [][]string{
			{`{"n":1,"f":"1"}`, "/n", "must be a string"},
			{`{"n":"1.0","f":"1"}`, "/n", "must match ^(0|-?[1-9][0-9]*)$"},
			{`{"n":"9223372036854775808","f":"1"}`, "/n", "must be an integer from -9223372036854775808 to 9223372036854775807"},
		}),
		rowOf[omitted](`{"$ref":"omitted"}`, [][]string{{`{"must":null}`, `{"must":null,"start":100,"at":{"x":1},"inner":{"v":{"n":3}}}`}}, [][]string{{`{}`, "/must", "is required"}}),
		rowOf[any](`{}`, same(`null`, `1`, `"x"`, `[{}]`), nil),
		rowOf[json.RawMessage](`{}`, same(`null`, `1e400`, `[{}]`), nil),
		rowOf[jsontext.Value](`{}`, same(`null`, `1e400`, `[{}]`), nil),
		rowOf[upper](`{"type":"string"}`, [][]string{{`"a"`, `"A"`}}, [][]string{{`"!"`, "", "the text of an error in Go"}, {`1`, "", "must be a string"}}),
		rowOf[half](`{}`, same(`{"half":3}`), [][]string{{`3`, "", "isn't valid"}}),
		rowOf[ownCode](`{"$ref":"Code"}`, same(`"a"`), [][]string{{`"A"`, "", "must match ^[a-z]+$"}, {`1`, "", "must be a string"}}),
		rowOf[*ownCode](`{"anyOf":[{"$ref":"Code"},{"type":"null"}]}`, same(`"a"`, `null`), [][]string{{`"A"`, "", "must match ^[a-z]+$"}}),
		rowOf[ownEither](`{"anyOf":[{"type":"string","pattern":"^a+$"},{"type":"string","pattern":"^b+$"}]}`, same(`"a"`, `"b"`),
			[][]string{{`"ab"`, "", "must have one of the allowed forms"}, {`1`, "", "must have one of the allowed forms"}}),
	}
}

func TestTypedBodyOfEveryType(t *testing.T) {
	for _, row := range typeRows() {
		t.Run(row.name, func(t *testing.T) {
			assert.JSONEq(t, row.want, schemaText(t, row.schema.Properties[0].Schema))
			for _, body := range row.accepted {
				w := postJSON(t, row.endpoint, "/", `{"v":`+body[0]+`}`)
				assert.Equal(t, 200, w.Code, "%.100s: %s", body[0], w.Body)
				assert.Equal(t, `{"v":`+body[1]+`}`+"\n", w.Body.String(), body[0])
			}
			for _, body := range row.refused {
				w := postJSON(t, row.endpoint, "/", `{"v":`+body[0]+`}`)
				assert.JSONEq(t, invalid(at("/v"+body[1], body[2])), withoutKeywords(w.Body.String()), "%.100s", body[0])
				assert.Equal(t, 422, w.Code)
			}
		})
	}
}

// An array of bytes has one length, not all those of the same base64.
func TestTypedBodyOfArrayOfBytes(t *testing.T) {
	for body, status := range map[string]int{`"QUI="`: 200, `"QQ=="`: 422, `"QUJD"`: 422, `""`: 422} {
		w := postJSON(t, echoed[box[[2]byte]](), "/", `{"v":`+body+`}`)
		assert.Equal(t, status, w.Code, body)
		assert.NotContains(t, w.Body.String(), ": \"isn't valid\"", "the schema should have found it: %s", body)
	}
}
