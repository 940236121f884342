package tigertonic_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// One table says of each constraint which values meet it. The field that it is
// on is a member of a body and a parameter of a query, which must agree.

// A constraintRow has values as JSON, those that are refused with the details of
// the errors, behind the pointer and a colon if it is an item that is wrong.
type constraintRow struct {
	name        string
	body, query http.Handler // query is nil if the field can't be a parameter
	whole       bool         // a parameter is an integer without point and exponent
	accepted    []string
	refused     [][]string
}

// inBody makes a body of a struct whose field is tagged as a parameter, too.
type inBody[T any] struct {
	Body T `body:""`
}

func bodyRow[T any](accepted []string, refused ...[]string) constraintRow {
	f := reflect.TypeFor[T]().Field(0)
	return constraintRow{
		name: f.Type.String() + " " + string(f.Tag),
		body: taken[inBody[T]](), accepted: accepted, refused: refused,
	}
}

func bothRow[T any](accepted []string, refused ...[]string) constraintRow {
	row := bodyRow[T](accepted, refused...)
	row.query = taken[T]()
	row.whole = strings.Contains(reflect.TypeFor[T]().Field(0).Type.String(), "int")
	return row
}

func (row *constraintRow) test(t *testing.T) {
	for _, value := range row.accepted {
		w := postJSON(t, row.body, "/", `{"v":`+value+`}`)
		assert.Equal(t, 204, w.Code, "%s: %s", value, w.Body)
		if query, want, ok := row.asQuery(t, value, nil); ok && want == nil {
			w := serve(t, row.query, "GET", "/?"+query, "")
			assert.Equal(t, 204, w.Code, "%s: %s", query, w.Body)
		} else if ok {
			requireProblem(t, serve(t, row.query, "GET", "/?"+query, ""), 422, invalid(want...))
		}
	}
	for _, refused := range row.refused {
		value, details := refused[0], refused[1:]
		var want []string
		for _, detail := range details {
			if !strings.HasPrefix(detail, "/") {
				detail = ": " + detail
			}
			pointer, detail, _ := strings.Cut(detail, ": ")
			want = append(want, at("/v"+pointer, detail))
		}
		w := postJSON(t, row.body, "/", `{"v":`+value+`}`)
		assert.JSONEq(t, invalid(want...), withoutKeywords(w.Body.String()), value)
		assert.Equal(t, 422, w.Code)
		if query, want, ok := row.asQuery(t, value, details); ok {
			w := serve(t, row.query, "GET", "/?"+query, "")
			assert.JSONEq(t, invalid(want...), withoutKeywords(w.Body.String()), query)
			assert.Equal(t, 422, w.Code)
		}
	}
}

// asQuery returns the query that has the value and the errors that it meets
// with, if it can be said in a query.
func (row *constraintRow) asQuery(t *testing.T, value string, details []string) (query string, want []string, ok bool) {
	values := []json.RawMessage{json.RawMessage(value)}
	if value[0] == '[' {
		require.NoError(t, json.Unmarshal([]byte(value), &values))
	}
	if row.query == nil || value == "null" || len(values) == 0 {
		return "", nil, false
	}
	var texts, notWhole []string
	for i, v := range values {
		text := string(v)
		if v[0] == '"' {
			require.NoError(t, json.Unmarshal(v, &text))
		} else if row.whole && strings.ContainsAny(text, ".eE") {
			detail := notInteger
			if value[0] == '[' {
				detail = "value " + strconv.Itoa(i+1) + " " + detail
			}
			notWhole = append(notWhole, of("query", "v", detail))
		}
		texts = append(texts, "v="+url.QueryEscape(text))
	}
	if notWhole != nil {
		return strings.Join(texts, "&"), notWhole, true
	}
	var items []string // which are told of after the array
	for _, detail := range details {
		pointer, rest, found := strings.Cut(detail, ": ")
		if !found || pointer[0] != '/' {
			want = append(want, of("query", "v", detail))
			continue
		}
		i, err := strconv.Atoi(pointer[1:])
		require.NoError(t, err)
		items = append(items, of("query", "v", "value "+strconv.Itoa(i+1)+" "+rest))
	}
	return strings.Join(texts, "&"), append(want, items...), true
}

func testConstraints(t *testing.T, rows ...constraintRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, row.test)
	}
}

// each gives all values the same detail.
func each(detail string, values ...string) (refused [][]string) {
	for _, value := range values {
		refused = append(refused, []string{value, detail})
	}
	return refused
}

// texts returns strings as JSON.
func texts(values ...string) []string {
	quoted := make([]string, len(values))
	for i, value := range values {
		text, _ := json.Marshal(value)
		quoted[i] = string(text)
	}
	return quoted
}

func numbers(values ...string) []string { return values }

func TestConstraintsOfIntegers(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V int `json:"v" query:"v" minimum:"1"`
		}](numbers("1", "2", "1.0", "10e-1", "9223372036854775807", "9.223372036854775807e18"),
			[]string{"0", "must be at least 1"}, []string{"-0", "must be at least 1"}, []string{"-1", "must be at least 1"},
			[]string{"-9223372036854775808", "must be at least 1"}, []string{"0.5", notInteger},
			[]string{"-9223372036854775809", "must be at least 1"},
			[]string{"9223372036854775808", "must be at most 9223372036854775807"}),
		bothRow[struct {
			V int `json:"v" query:"v" minimum:"-1.5" maximum:"2.5"`
		}](numbers("-1", "0", "2", "-0.0"), []string{"-2", "must be at least -1.5"}, []string{"3", "must be at most 2.5"}),
		bothRow[struct {
			V int `json:"v" query:"v" minimum:"1e2" maximum:"0.2e+3"`
		}](numbers("100", "200", "1e2", "2.0E+2"), []string{"99", "must be at least 1e2"}, []string{"201", "must be at most 0.2e+3"}),
		bothRow[struct {
			V int `json:"v" query:"v" exclusiveMinimum:"-3" exclusiveMaximum:"3"`
		}](numbers("-2", "0", "2"), []string{"-3", "must be more than -3"}, []string{"3", "must be less than 3"}, []string{"3.0", "must be less than 3"}),
		bothRow[struct {
			V int `json:"v" query:"v" exclusiveMinimum:"0.5" exclusiveMaximum:"1.5"`
		}](numbers("1"), []string{"0", "must be more than 0.5"}, []string{"2", "must be less than 1.5"}),
		bothRow[struct {
			V int `json:"v" query:"v" multipleOf:"7"`
		}](numbers("0", "-0", "7", "-7", "700", "7e2", "9223372036854775807"), each("must be a multiple of 7", "1", "6", "8", "-13", "9223372036854775806")...),
		bothRow[struct {
			V int `json:"v" query:"v" multipleOf:"2.5"`
		}](numbers("0", "5", "-10"), each("must be a multiple of 2.5", "1", "2", "3", "-7")...),
		bothRow[struct {
			V int `json:"v" query:"v" minimum:"10" multipleOf:"3" maximum:"20"`
		}](numbers("12", "18"), []string{"9", "must be at least 10"}, []string{"13", "must be a multiple of 3"},
			[]string{"1", "must be at least 10", "must be a multiple of 3"}, []string{"22", "must be at most 20", "must be a multiple of 3"}),
		bothRow[struct {
			V int8 `json:"v" query:"v" minimum:"-5"`
		}](numbers("-5", "127"), []string{"-6", "must be at least -5"}, []string{"128", "must be at most 127"}, []string{"-129", "must be at least -5"}),
		bothRow[struct {
			V uint8 `json:"v" query:"v" maximum:"5"`
		}](numbers("0", "5"), []string{"6", "must be at most 5"}, []string{"-1", "must be at least 0"}, []string{"256", "must be at most 5"}),
		bothRow[struct {
			V *int `json:"v" query:"v" minimum:"1"`
		}](numbers("1", "null"), []string{"0", "must be at least 1"}),
		bothRow[struct {
			V tigertonic.Opt[int] `json:"v" query:"v" maximum:"1"`
		}](numbers("1", "null"), []string{"2", "must be at most 1"}),
		bothRow[struct {
			V []int `json:"v" query:"v" minimum:"1" multipleOf:"2"`
		}](numbers("[]", "[2,4]", "[2.0]"), []string{"[2,0,3]", "/1: must be at least 1", "/2: must be a multiple of 2"}),
	)
}

// The numbers around where 18 digits and 64 bits end are compared exactly.
func TestConstraintsOfLargeIntegers(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V int64 `json:"v" query:"v" minimum:"-999999999999999999" maximum:"999999999999999999"`
		}](numbers("999999999999999999", "-999999999999999999", "999999999999999998", "99999999999999999.9e1"),
			append(each("must be at most 999999999999999999", "1000000000000000000", "9223372036854775807", "1e18"),
				each("must be at least -999999999999999999", "-1000000000000000000", "-9223372036854775808")...)...),
		bothRow[struct {
			V int64 `json:"v" query:"v" minimum:"9007199254740993" maximum:"1000000000000000001"`
		}](numbers("9007199254740993", "1000000000000000000", "1000000000000000001"),
			append(each("must be at least 9007199254740993", "9007199254740992"), each("must be at most 1000000000000000001", "1000000000000000002")...)...),
		bothRow[struct {
			V uint64 `json:"v" query:"v" minimum:"18446744073709551614"`
		}](numbers("18446744073709551614", "18446744073709551615", "1844674407370955161.5e1"),
			[]string{"18446744073709551613", "must be at least 18446744073709551614"}, []string{"18446744073709551616", "must be at most 18446744073709551615"}),
		bothRow[struct {
			V int64 `json:"v" query:"v" exclusiveMaximum:"1000000000000000000" exclusiveMinimum:"-100000000000000000.1"`
		}](numbers("999999999999999999", "-100000000000000000"),
			[]string{"1000000000000000000", "must be less than 1000000000000000000"}, []string{"-100000000000000001", "must be more than -100000000000000000.1"}),
		bothRow[struct {
			V int64 `json:"v" query:"v" multipleOf:"1000000000000000000"`
		}](numbers("0", "1000000000000000000", "-9000000000000000000", "9e18"),
			each("must be a multiple of 1000000000000000000", "100000000000000000", "1000000000000000001", "1", "9223372036854775807")...),
		bothRow[struct {
			V uint64 `json:"v" query:"v" multipleOf:"9223372036854775808"`
		}](numbers("9223372036854775808"), each("must be a multiple of 9223372036854775808", "18446744073709551615", "9223372036854775807")...),
	)
}

func TestConstraintsOfFloats(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V float64 `json:"v" query:"v" multipleOf:"0.01"`
		}](numbers("0", "-0", "0.07", "0.29", "1.1", "-19.99", "4.35", "1e2", "7e-2", "0.070", "1e308", "1234567890123456.78", "9999999999999999.99"),
			each("must be a multiple of 0.01", "0.001", "0.075", "0.0700001", "1e-3", "1234567890123456.789", "9999999999999999.999", "4.9e-324")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" multipleOf:"3"`
		}](numbers("3e300", "9", "-3.0"), each("must be a multiple of 3", "1e308", "1", "3.3", "0.3")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" multipleOf:"1e-5"`
		}](numbers("0.00001", "1", "0.12345", "1e300"), each("must be a multiple of 1e-5", "0.000001", "0.123456")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" multipleOf:"1e308"`
		}](numbers("0", "1e308", "-1.0e308"), each("must be a multiple of 1e308", "1", "1.5e308", "1e307")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" minimum:"0.1" maximum:"0.3"`
		}](numbers("0.1", "0.10", "0.3", "3e-1", "0.2", "0.29999999999999999999"),
			[]string{"0.09999999999999999999", "must be at least 0.1"}, []string{"0.30000000000000000001", "must be at most 0.3"},
			[]string{"0.30000000000000004", "must be at most 0.3"}, []string{"-0.2", "must be at least 0.1"}, []string{"0", "must be at least 0.1"}),
		bothRow[struct {
			V float64 `json:"v" query:"v" exclusiveMinimum:"0" exclusiveMaximum:"1"`
		}](numbers("0.5", "5e-324", "0.99999999999999999999999"),
			append(each("must be more than 0", "0", "-0", "0.0", "-0.0", "0e5", "-1", "-1e-300"), each("must be less than 1", "1", "1.0", "1e0", "1e308")...)...),
		bothRow[struct {
			V float64 `json:"v" query:"v" maximum:"1e308" minimum:"-1e308"`
		}](numbers("1e308", "-1e308", "0.1e309", "100"),
			[]string{"1.1e308", "must be at most 1e308"}, []string{"-1.7976931348623157e308", "must be at least -1e308"},
			[]string{"1e309", "must be a number of 64 bits (IEEE 754)"}, []string{"1e999999999999", "must be a number of 64 bits (IEEE 754)"}),
		bothRow[struct {
			V float64 `json:"v" query:"v" maximum:"1234567890.123456789"`
		}](numbers("1234567890.123456789", "1234567890.1234567889999"), each("must be at most 1234567890.123456789", "1234567890.1234567890001", "1234567890.12345679")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" maximum:"1.5" minimum:"-1.5"`
		}](numbers("1.5", "-1.50", "0.00000000000000001"), append(each("must be at most 1.5", "999999999999999999", "99999999999999999.9", "1.50000000000000001"),
			each("must be at least -1.5", "-999999999999999999", "-99999999999999999.9", "-1.50000000000000001")...)...),
		bothRow[struct {
			V float64 `json:"v" query:"v" minimum:"999999999999999998" maximum:"999999999999999999" multipleOf:"0.5"`
		}](numbers("999999999999999998", "999999999999999998.5", "999999999999999999.0"), each("must be at least 999999999999999998", "1.5", "-0.5", "999999999999999997.5")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" exclusiveMinimum:"-999999999999999999" exclusiveMaximum:"-999999999999999998"`
		}](numbers("-999999999999999998.5"), each("must be less than -999999999999999998", "-1.5", "1", "-999999999999999998.0")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" multipleOf:"1"`
		}](numbers("1"+strings.Repeat("0", 290)+"1", "999999999999999999", "1e308", strings.Repeat("9", 308), "0.5e1"), each("must be a multiple of 1", strings.Repeat("9", 290)+".5", "99999999999999999.9", "1e-308")...),
		bothRow[struct {
			V float32 `json:"v" query:"v" minimum:"-0.5"`
		}](numbers("-0.5", "3.4e38"), []string{"-0.50000000000000000001", "must be at least -0.5"}, []string{"3.5e38", "must be a number of 32 bits (IEEE 754)"}),
		bothRow[struct {
			V *float64 `json:"v" query:"v" multipleOf:"0.5"`
		}](numbers("1.5", "null"), []string{"1.25", "must be a multiple of 0.5"}),
		bothRow[struct {
			V tigertonic.Opt[float64] `json:"v" query:"v" exclusiveMaximum:"-0.5"`
		}](numbers("-0.51", "null"), []string{"-0.5", "must be less than -0.5"}),
	)
}

type (
	word    string
	address struct{ netip.Addr }
)

func TestConstraintsOfStrings(t *testing.T) {
	const tooLong, tooShort = "must be at most 3 characters long", "must be at least 2 characters long"
	family := "\U0001F468\u200D\U0001F469\u200D\U0001F467"
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" minLength:"2" maxLength:"3"`
		}](append(texts("ab", "abc", "日本語", "😀😀😀", "e\u0301", "👍🏽", "\x00\n", "  "), `"\ud83d\ude00\u0041"`),
			append(each(tooShort, append(texts("", "a", "é", "😀"), `"\ud83d\ude00"`, `"\u0041"`)...),
				each(tooLong, texts("abcd", "e\u0301e\u0301", "😀😀😀😀", family, "    ")...)...)...),
		bothRow[struct {
			V string `json:"v" query:"v" minLength:"1"`
		}](texts("a", " ", "\x00"), []string{`""`, "must be at least 1 character long"}),
		bothRow[struct {
			V string `json:"v" query:"v" maxLength:"0"`
		}](texts(""), []string{`"a"`, "must be at most 0 characters long"}),
		bothRow[struct {
			V word `json:"v" query:"v" maxLength:"1"`
		}](texts("", "é"), []string{`"ab"`, "must be at most 1 character long"}),
		bothRow[struct {
			V string `json:"v" query:"v" pattern:"b+"`
		}](texts("b", "abc", "a\nb\n", "bb"), each("must match b+", texts("", "a", "B")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" pattern:"^[a-z]{2}$"`
		}](texts("ab"), each("must match ^[a-z]{2}$", texts("", "a", "abc", "ab\n", "\nab", "AB", "éa")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" pattern:"^(?i:é.)$"`
		}](texts("éa", "É😀"), each("must match ^(?i:é.)$", texts("e\u0301", "é", "é\n")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" pattern:"^\\p{L}+\\d\\.\"$"`
		}](texts(`ж1."`), each(`must match ^\p{L}+\d\."$`, texts(`1."`, `a1x"`, `a1.`)...)...),
		bothRow[struct {
			V string `json:"v" query:"v" minLength:"3" pattern:"^a" format:"hostname"`
		}](texts("abc"), []string{`"b_"`, "must be at least 3 characters long", "must match ^a", "must be the name of a host"}),
		bothRow[struct {
			V *string `json:"v" query:"v" minLength:"2"`
		}](append(texts("ab"), "null"), []string{`"a"`, tooShort}),
		bothRow[struct {
			V tigertonic.Opt[string] `json:"v" query:"v" pattern:"^a"`
		}](append(texts("ab"), "null"), []string{`""`, "must match ^a"}),
		bodyRow[struct {
			V tigertonic.Opt[*word] `json:"v" maxLength:"1"`
		}](append(texts("a"), "null"), []string{`"ab"`, "must be at most 1 character long"}),
		bothRow[struct {
			V []string `json:"v" query:"v" minLength:"2" maxItems:"2"`
		}](numbers("[]", `["ab"]`, `["ab","cd"]`), []string{`["ab","",""]`, "/1: " + tooShort, "/2: " + tooShort, "must have at most 2 items"}),
		bothRow[struct {
			V address `json:"v" query:"v" format:"ipv6"`
		}](texts("::1"), []string{`"127.0.0.1"`, "must be an IPv6 address"}),
	)
}

func TestConstraintEnum(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" enum:"new, old,,é"`
		}](append(texts("new", "old", "", "é"), `"\u006eew"`, `"\u00E9"`), each("must be one of , new, old, é", texts("New", " old", "e\u0301", "new,", "new,old")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" enum:"[\"a,b\",\"[c]\",\" d \",\"e\\u0066\"]"`
		}](texts("a,b", "[c]", " d ", "ef"), each("must be one of  d , [c], a,b, ef", texts("a", "b", "d", "c")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" enum:"<b>,\"q\",a&b,c\\d"`
		}](texts("<b>", `"q"`, "a&b", `c\d`), each(`must be one of "q", <b>, a&b, c\d`, texts("b", "q", "cd")...)...),
		bothRow[struct {
			V int `json:"v" query:"v" enum:"1,2.0,3e1,-0"`
		}](numbers("1", "2", "30", "1.0", "20e-1", "0", "-0"), each("must be one of -0, 1, 2.0, 3e1", "3", "-1", "10")...),
		bothRow[struct {
			V float64 `json:"v" query:"v" enum:"0.1,1e2,-0.5"`
		}](numbers("0.1", "0.10", "1e-1", "100", "100.0", "-5e-1"), each("must be one of -0.5, 0.1, 1e2", "0.10000000000000001", "0.5", "0", "1e1")...),
		bothRow[struct {
			V uint64 `json:"v" query:"v" enum:"9007199254740993,18446744073709551615"`
		}](numbers("9007199254740993", "18446744073709551615"), each("must be one of 18446744073709551615, 9007199254740993", "9007199254740992", "18446744073709551614")...),
		bothRow[struct {
			V bool `json:"v" query:"v" enum:"true"`
		}](numbers("true"), []string{"false", "must be one of true"}),
		bothRow[struct {
			V []string `json:"v" query:"v" enum:"a,b" uniqueItems:"true"`
		}](numbers(`["a"]`, `["b","a"]`, `[]`), []string{`["a","c"]`, "/1: must be one of a, b"}),
		bodyRow[struct {
			V []*int `json:"v" enum:"1,2"`
		}](numbers(`[1,2]`), []string{`[3,1]`, "/0: must be one of 1, 2"}),
		bothRow[struct {
			V *string `json:"v" query:"v" enum:"a,b"`
		}](append(texts("a"), "null"), []string{`"c"`, "must be one of a, b"}),
		bothRow[struct {
			V tigertonic.Opt[int] `json:"v" query:"v" enum:"1,2"`
		}](numbers("1", "2.0", "null"), []string{"3", "must be one of 1, 2"}),
		bothRow[struct {
			V word `json:"v" query:"v" enum:"null"`
		}](texts("null"), []string{`"a"`, "must be one of null"}),
	)
}

func TestConstraintConst(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" const:"v1, v2"`
		}](texts("v1, v2"), each("must be v1, v2", texts("v1", "", "V1, v2")...)...),
		bothRow[struct {
			V string `json:"v" query:"v" const:""`
		}](texts(""), []string{`"a"`, `must be ""`}),
		bothRow[struct {
			V int `json:"v" query:"v" const:"2"`
		}](numbers("2", "2.0", "20e-1"), each("must be 2", "1", "20")...),
		bothRow[struct {
			V bool `json:"v" query:"v" const:"true"`
		}](numbers("true"), []string{"false", "must be true"}),
		bodyRow[struct {
			V *string `json:"v" const:"a"`
		}](append(texts("a"), "null"), []string{`"c"`, "must be one of a"}),
	)
}

func TestConstraintsOfMaps(t *testing.T) {
	few := each("must have at least 1 member", `{}`)
	many := each("must have at most 2 members", `{"a":1,"b":2,"c":3}`)
	testConstraints(
		t,
		bodyRow[struct {
			V map[string]int `json:"v" minProperties:"1" maxProperties:"2"`
		}](numbers(`{"a":1}`, `{"a":1,"b":2}`), append(few, many...)...),
		bodyRow[struct {
			V *struct {
				A *int `json:"a"`
				B *int `json:"b"`
			} `json:"v" minProperties:"1"`
		}](numbers(`{"a":1}`, `null`), few...),
	)
}

func TestConstraintsOfArrays(t *testing.T) {
	const twice = "must have no item twice"
	testConstraints(
		t,
		bothRow[struct {
			V []int `json:"v" query:"v" minItems:"2" maxItems:"3"`
		}](numbers("[1,2]", "[1,1,1]"), []string{"[1]", "must have at least 2 items"}, []string{"[1,2,3,4]", "must have at most 3 items"}),
		bodyRow[struct {
			V []int `json:"v" minItems:"1"`
		}](numbers("[1]"), []string{"[]", "must have at least 1 item"}, []string{"null", "must be an array"}),
		bodyRow[struct {
			V []any `json:"v" maxItems:"0"`
		}](numbers("[]"), []string{"[null]", "must have at most 0 items"}),
		bothRow[struct {
			V []string `json:"v" query:"v" uniqueItems:"true"`
		}](numbers(`["a","b","A",""]`, `["é","e\u0301"]`), each(twice, `["a","b","a"]`, `["",""]`, `["é","\u00e9"]`, `["\u0061","a"]`)...),
		bothRow[struct {
			V []float64 `json:"v" query:"v" uniqueItems:"true"`
		}](numbers("[1,2]", "[0.1,0.10000000000000001]", "[1,-1]"), each(twice, "[1,1.0]", "[1e2,100]", "[0,-0]", "[0.0,0e9]", "[1,2,10e-1]")...),
		bothRow[struct {
			V []bool `json:"v" query:"v" uniqueItems:"true"`
		}](numbers("[true,false]"), each(twice, "[true,true]")...),
		bodyRow[struct {
			V []any `json:"v" uniqueItems:"true"`
		}](numbers(`[1,"1",true,null,[1],{"a":1}]`, `[[],{}]`, `[[1,2],[2,1]]`, `[{"a":1},{"a":2}]`, `[{"a":[]},{"a":{}}]`, `["[]",[]]`),
			each(twice, `[null,null]`, `[{"a":1,"b":[2]},{"b":[2.0],"a":1e0}]`, `[{},{ }]`, `[[1, 2],[1,2]]`, `[{"\u0061":1},{"a":1}]`, `[1,{"a":{}},{"a":{}}]`)...),
		bodyRow[struct {
			V [][]int `json:"v" uniqueItems:"true" maxItems:"2"`
		}](numbers("[[1,1],[1]]"), each(twice, "[[1],[1.0]]")...),
		bodyRow[struct {
			V *[]string `json:"v" minItems:"1"`
		}](numbers(`["a"]`, "null"), []string{"[]", "must have at least 1 item"}),
		bodyRow[struct {
			V [2]int `json:"v" uniqueItems:"true" maximum:"9"`
		}](numbers("[1,2]"), []string{"[1,1]", twice}, []string{"[1,10]", "/1: must be at most 9"}, []string{"[1]", "must have at least 2 items"}),
		bodyRow[struct {
			V []tigertonic.Opt[string] `json:"v" minLength:"1" uniqueItems:"true"`
		}](numbers(`["a",null]`), []string{`["",null]`, "/0: must be at least 1 character long"}, []string{"[null,null]", twice}),
		bothRow[struct {
			V []int8 `json:"v" query:"v" minItems:"1" maxItems:"2" uniqueItems:"true" minimum:"0" enum:"0,1,2"`
		}](numbers("[0,1]"), []string{"[1,1,3]", "/2: must be one of 0, 1, 2", "must have at most 2 items", twice}),
	)
}
