package conformance

import (
	"context"
	"encoding/json"
	"math/big"
	"net/netip"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// The types whose bodies are tried.

type scalars struct {
	Bool    bool    `json:"bool"`
	String  string  `json:"string"`
	Int     int     `json:"int"`
	Int8    int8    `json:"int8"`
	Int16   int16   `json:"int16"`
	Int32   int32   `json:"int32"`
	Int64   int64   `json:"int64"`
	Uint    uint    `json:"uint"`
	Uint8   uint8   `json:"uint8"`
	Uint16  uint16  `json:"uint16"`
	Uint32  uint32  `json:"uint32"`
	Uint64  uint64  `json:"uint64"`
	Float32 float32 `json:"float32"`
	Float64 float64 `json:"float64"`
}

type optionals struct {
	Bool    *bool                                    `json:"bool"`
	String  *string                                  `json:"string" minLength:"1"`
	Int     *int                                     `json:"int" maximum:"10"`
	Int8    tigertonic.Opt[int8]                     `json:"int8,omitzero"`
	Uint16  tigertonic.Opt[*uint16]                  `json:"uint16,omitzero"`
	Double  tigertonic.Opt[float64]                  `json:"double" exclusiveMinimum:"0"`
	Omit    int                                      `json:"omit,omitempty"`
	Zero    string                                   `json:"zero,omitzero" enum:"a,b"`
	Pointer **int32                                  `json:"pointer"`
	Must    *string                                  `json:"must" required:"true" enum:"x,y"`
	OptMust tigertonic.Opt[string]                   `json:"optMust" required:"true"`
	OptOpt  tigertonic.Opt[tigertonic.Opt[string]]   `json:"optOpt,omitzero"`
	List    *[]string                                `json:"list" minItems:"1" maxLength:"3"`
	OptList tigertonic.Opt[[]int]                    `json:"optList,omitzero" maximum:"3" maxItems:"2"`
	Time    *time.Time                               `json:"time"`
	Bytes   tigertonic.Opt[[]byte]                   `json:"bytes,omitzero"`
	Inner   *withDefaults                            `json:"inner"`
	Deep    tigertonic.Opt[withDefaults]             `json:"deep,omitzero"`
	OptMap  tigertonic.Opt[map[string]*withDefaults] `json:"optMap,omitzero"`
	PtrOpt  *tigertonic.Opt[int]                     `json:"ptrOpt"`
	Gap     struct {
		Z tigertonic.Opt[struct{ Y int }]
	} `json:"gap,omitzero"`
}

type withDefaults struct {
	Limit int            `json:"limit" default:"20" minimum:"1" maximum:"100"`
	Kind  string         `json:"kind" default:"a" enum:"a,b,c"`
	On    bool           `json:"on" default:"true"`
	Ratio float64        `json:"ratio" default:"0.5" multipleOf:"0.1"`
	Tags  []string       `json:"tags" default:"x,y" uniqueItems:"true"`
	Opt   *int           `json:"opt" default:"3"`
	Name  string         `json:"name"`
	Sub   *withDefaults  `json:"sub"`
	Subs  []withDefaults `json:"subs,omitempty"`
}

type limits struct {
	Bounded  int      `json:"bounded" minimum:"-5" maximum:"15"`
	Open     int64    `json:"open" exclusiveMinimum:"0" exclusiveMaximum:"10"`
	Multiple int      `json:"multiple" multipleOf:"3"`
	Cents    float64  `json:"cents" multipleOf:"0.01" minimum:"0"`
	Steps    float32  `json:"steps" multipleOf:"2.5" maximum:"1e2"`
	Large    uint64   `json:"large" minimum:"9223372036854775808"`
	Fraction int      `json:"fraction" minimum:"0.5" maximum:"9.5"`
	Text     string   `json:"text" minLength:"2" maxLength:"4"`
	Pattern  string   `json:"pattern" pattern:"^[a-z]+(-[a-z0-9]+)*$"`
	Loose    string   `json:"loose" pattern:"b"`
	Classes  string   `json:"classes" pattern:"^\\w\\d?\\S*$"`
	List     []int    `json:"list" minItems:"1" maxItems:"3" minimum:"0" uniqueItems:"true"`
	Words    []string `json:"words" maxItems:"2" minLength:"1" enum:"red,green,blue"`
	Ints     int      `json:"ints" enum:"1,2,300"`
	Floats   float64  `json:"floats" enum:"1,2.5,-0"`
	Bools    bool     `json:"bools" enum:"true"`
	Strings  string   `json:"strings" enum:"a,b c,é,"`
}

type uniques struct {
	Matrix  [][]int        `json:"matrix" uniqueItems:"true"`
	Any     []any          `json:"any" uniqueItems:"true" maxItems:"5"`
	Raw     jsontext.Value `json:"raw"`
	Structs []struct {
		A int     `json:"a"`
		B float64 `json:"b,omitzero"`
	} `json:"structs" uniqueItems:"true"`
}

type formats struct {
	DateTime     string         `json:"date-time,omitempty" format:"date-time"`
	Date         string         `json:"date,omitempty" format:"date"`
	Time         string         `json:"time,omitempty" format:"time"`
	Duration     string         `json:"duration,omitempty" format:"duration"`
	GoDuration   string         `json:"go-duration,omitempty" format:"go-duration"`
	Email        string         `json:"email,omitempty" format:"email"`
	HostName     string         `json:"hostname,omitempty" format:"hostname"`
	IPv4         string         `json:"ipv4,omitempty" format:"ipv4"`
	IPv6         string         `json:"ipv6,omitempty" format:"ipv6"`
	IP           string         `json:"ip,omitempty" format:"ip"`
	CIDR         string         `json:"cidr,omitempty" format:"cidr"`
	IPPort       string         `json:"ip-port,omitempty" format:"ip-port"`
	RealIP       netip.Addr     `json:"realIP,omitzero"`
	RealCIDR     netip.Prefix   `json:"realCIDR,omitzero"`
	RealIPPort   netip.AddrPort `json:"realIPPort,omitzero"`
	URI          string         `json:"uri,omitempty" format:"uri"`
	URIReference string         `json:"uri-reference,omitempty" format:"uri-reference"`
	UUID         string         `json:"uuid,omitempty" format:"uuid"`
	List         []string       `json:"list,omitempty" format:"email" uniqueItems:"true"`
	Pointer      *string        `json:"pointer" format:"ipv4"`
	RealTime     time.Time      `json:"realTime,omitzero"`
	RealDuration time.Duration  `json:"realDuration,omitzero"`
}

// edges has a field of each type that more than one word of a schema describes.
type edges struct {
	Bytes    []byte          `json:"bytes,omitempty"`
	Bytes0   [0]byte         `json:"bytes0,omitempty"`
	Bytes3   [3]byte         `json:"bytes3,omitempty"`
	Bytes4   [4]byte         `json:"bytes4,omitempty"`
	Bytes5   [5]byte         `json:"bytes5,omitempty"`
	Int      int             `json:"int,omitempty,string"`
	Int8     *int8           `json:"int8,omitempty,string"`
	Uint64   uint64          `json:"uint64,omitempty,string"`
	Float32  float32         `json:"float32,omitempty,string"`
	Float64  *float64        `json:"float64,omitempty,string"`
	Ints     map[int8]bool   `json:"ints,omitempty"`
	Uints    map[uint64]bool `json:"uints,omitempty"`
	Float    float64         `json:"float,omitempty"`
	Single   float32         `json:"single,omitempty"`
	Small    int8            `json:"small,omitempty"`
	Huge     uint64          `json:"huge,omitempty"`
	Cents    float64         `json:"cents,omitempty" multipleOf:"0.01"`
	Any      any             `json:"any,omitempty"`
	Enum     float64         `json:"enum,omitempty" enum:"0,1,2.50,1e2"`
	Duration time.Duration   `json:"duration,omitempty"`
	Time     time.Time       `json:"time,omitzero"`
}

type level int

type word string

// UnmarshalText accepts all.
func (w *word) UnmarshalText(text []byte) error {
	*w = word(text)
	return nil
}

// MarshalText returns it.
func (w word) MarshalText() ([]byte, error) { return []byte(w), nil }

type shape struct{ text json.RawMessage }

// MarshalJSON returns it.
func (s shape) MarshalJSON() ([]byte, error) {
	if s.text == nil {
		return []byte("1"), nil
	}
	return s.text, nil
}

// UnmarshalJSON keeps it.
func (s *shape) UnmarshalJSON(text []byte) error {
	s.text = append([]byte(nil), text...)
	return nil
}

// JSONSchema returns a schema with all that one of one's own can have.
func (shape) JSONSchema() *schema.Schema {
	one, three := 1, 3
	return &schema.Schema{AnyOf: []*schema.Schema{
		{Types: []string{"integer"}, Minimum: "1", Maximum: "255", Format: "uint8"},
		{Types: []string{"string", "null"}, MinLength: &one, MaxLength: &three},
		{Types: []string{"array"}, Items: &schema.Schema{Types: []string{"number"}, ExclusiveMaximum: "10"}, MinItems: &one, UniqueItems: true},
		{
			Types: []string{"object"}, Properties: []schema.Property{{Name: "a", Required: true, Schema: &schema.Schema{Types: []string{"boolean"}}}},
			PropertyNames: &schema.Schema{Types: []string{"string"}, MaxLength: &three},
			Additional:    &schema.Schema{Enum: []json.RawMessage{json.RawMessage(`1`), json.RawMessage(`"x"`), json.RawMessage(`[1.0,{"a":null}]`)}},
		},
	}}
}

type peculiar struct {
	Bytes     []byte          `json:"bytes"`
	Array     [4]byte         `json:"array"`
	Three     [3]int          `json:"three"`
	Chunks    [][]byte        `json:"chunks"`
	Any       any             `json:"any"`
	Raw       jsontext.Value  `json:"raw"`
	OldRaw    json.RawMessage `json:"oldRaw"`
	Quoted    int64           `json:"quoted,string"`
	QuotedF   float64         `json:"quotedF,string"`
	QuotedU   uint8           `json:"quotedU,string"`
	QuotedP   *int            `json:"quotedP,string"`
	Quotedf   float32         `json:"quotedf,string"`
	Level     level           `json:"level" minimum:"1" maximum:"5"`
	Upper     word            `json:"word"`
	Shape     shape           `json:"shape"`
	Shapes    []shape         `json:"shapes,omitempty"`
	Duration  time.Duration   `json:"duration"`
	Durations []time.Duration `json:"durations,omitempty"`
	Times     []time.Time     `json:"times,omitempty"`
	Pointers  []*int          `json:"pointers"`
	Slash     string          `json:"a/b~c,omitempty"`
	Unicode   string          `json:"ключ😀,omitempty"`
	NoTag     string
	Ignored   string   `json:"-"`
	Nothing   struct{} `json:"nothing,omitzero"`
	Empty     [0]int   `json:"empty,omitzero"`
}

type mappings struct {
	Strings map[string]string           `json:"strings"`
	Ints    map[int]int8                `json:"ints"`
	Uints   map[uint8]*bool             `json:"uints,omitempty"`
	Keys    map[word]int                `json:"keys,omitempty"`
	Nested  map[string]map[string][]int `json:"nested,omitempty"`
	Structs map[string]withDefaults     `json:"structs,omitempty"`
	Any     map[string]any              `json:"any,omitempty"`
	Named   map[named2]float64          `json:"named,omitempty"`
	Levels  map[level]string            `json:"levels,omitempty"`
	Times   map[string]time.Time        `json:"times,omitempty"`
}

type named2 string

type base struct {
	ID      string `json:"id" minLength:"1"`
	Version int    `json:"version" default:"1"`
	Shared  string `json:"shared,omitempty"`
}

// Other is exported, for the codec can't make a pointer to it otherwise.
type Other struct {
	Shared string `json:"shared,omitempty"`
	Note   string `json:"note,omitempty"`
}

type embedding struct {
	base
	*Other
	Version string            `json:"version" pattern:"^v"`
	Inner   base              `json:"inner"`
	Pair    pair[int, string] `json:"pair"`
	Same    pair[string, int] `json:"same"`
}

// Attached is exported for the reason that Other is.
type Attached struct {
	Note  string `json:"note"`
	Must  string `json:"must" required:"true"`
	Count int    `json:"count" default:"3"`
}

// attaching has members that may be absent of what is sent, whatever is required.
type attaching struct {
	*Attached
	ID    string  `json:"id"`
	Late  *string `json:"late,omitempty" required:"true"`
	Zero  int     `json:"zero,omitempty" required:"true"`
	Inner *struct {
		*Attached
		On bool `json:"on,omitempty"`
	} `json:"inner"`
}

type pair[A, B any] struct {
	First  A `json:"first"`
	Second B `json:"second,omitzero"`
}

type openEnded struct {
	ID   string         `json:"id"`
	Rest map[string]int `json:",embed"`
}

type openRaw struct {
	ID   string         `json:"id"`
	Rest jsontext.Value `json:",embed"`
}

// numerals have limits by their types alone, or by tags that are looser or stricter.
type numerals struct {
	Big      *big.Int                `json:"big"`
	BigValue big.Int                 `json:"bigValue,omitzero" minimum:"-5"`
	BigOpt   tigertonic.Opt[big.Int] `json:"bigOpt,omitzero"`
	Bytes    []uint8                 `json:"bytes,omitempty"`
	Smalls   []small                 `json:"smalls,omitempty" uniqueItems:"true"`
	Loose    uint8                   `json:"loose" minimum:"-7" maximum:"1000"`
	Strict   int8                    `json:"strict" exclusiveMinimum:"-3" maximum:"7"`
	More     int32                   `json:"more,omitempty" exclusiveMinimum:"-1000000000000"`
	Default  uint16                  `json:"default" default:"7"`
	ByName   map[string]int16        `json:"byName,omitempty"`
}

type small uint8

type tree struct {
	Name     string                `json:"name" maxLength:"4"`
	Children []tree                `json:"children,omitempty" maxItems:"3"`
	Left     *tree                 `json:"left"`
	ByName   map[string]tree       `json:"byName,omitempty"`
	Next     tigertonic.Opt[*tree] `json:"next,omitzero"`
	Labels   []label               `json:"labels,omitempty"`
}

type label struct {
	Key  string `json:"key"`
	Tree *tree  `json:"tree"`
}

type recursiveList []recursiveList

type recursiveMap map[string]recursiveMap

type inPlace struct {
	Tenant string               `header:"X-Tenant"`
	Body   tigertonic.Opt[base] `body:""`
}

type patched struct {
	Name   string                   `json:"name" minLength:"1"`
	Age    int                      `json:"age,omitempty" minimum:"0"`
	Tags   []string                 `json:"tags" minItems:"1"`
	Nested base                     `json:"nested"`
	Maybe  *base                    `json:"maybe"`
	Opt    tigertonic.Opt[limitsOf] `json:"opt,omitzero"`
	Map    map[string]base          `json:"map,omitempty"`
	Deep   map[string]*int          `json:"deep,omitempty"`
	Def    int                      `json:"def" default:"3"`
	Kind   string                   `json:"kind,omitempty" enum:"a,b"`
	Any    any                      `json:"any"`
	Self   *patched                 `json:"self"`
	When   time.Time                `json:"when,omitzero"`
	Shape  shape                    `json:"shape,omitzero"`
	Ratio  *float64                 `json:"ratio" maximum:"1"`
	Levels map[level]int            `json:"levels,omitempty"`
}

type limitsOf struct {
	Max int `json:"max" maximum:"9"`
}

func allSubjects(mux *tigertonic.TrieServeMux) []*subject {
	return []*subject{
		takesBody[scalars](mux, "scalars"),
		takesBody[optionals](mux, "optionals"),
		takesBody[withDefaults](mux, "defaults"),
		takesBody[limits](mux, "limits"),
		takesBody[numerals](mux, "numbers"),
		takesBody[uint8](mux, "uint8"),
		takesBody[uniques](mux, "uniques"),
		takesBody[edges](mux, "edges"),
		takesBody[inPlace](mux, "inPlace"),
		takesBody[formats](mux, "formats"),
		takesBody[peculiar](mux, "peculiar"),
		takesBody[mappings](mux, "maps"),
		takesBody[embedding](mux, "embedding"),
		takesBody[attaching](mux, "attaching"),
		takesBody[openEnded](mux, "open"),
		takesBody[openRaw](mux, "openRaw"),
		takesBody[tree](mux, "tree"),
		takesBody[recursiveList](mux, "recursiveList"),
		takesBody[recursiveMap](mux, "recursiveMap"),
		takesBody[[]limits](mux, "listOfLimits"),
		takesBody[[]*withDefaults](mux, "listOfPointers"),
		takesBody[map[string]scalars](mux, "mapOfScalars"),
		takesBody[string](mux, "string"),
		takesBody[int8](mux, "int8"),
		takesBody[uint64](mux, "uint64"),
		takesBody[float32](mux, "float32"),
		takesBody[float64](mux, "float64"),
		takesBody[time.Time](mux, "timeOnly"),
		takesBody[time.Duration](mux, "durationOnly"),
		takesBody[[]byte](mux, "bytesOnly"),
		takesBody[any](mux, "anyOnly"),
		takesBody[shape](mux, "shapeOnly"),
		takesBody[jsontext.Value](mux, "rawOnly"),
		takesBody[tigertonic.Opt[int]](mux, "optOnly"),
		takesBody[[2]int16](mux, "arrayOnly"),
		takesBody[pair[pair[int, *tree], map[int]pair[string, []byte]]](mux, "generic"),
		takesPatch[patched](mux, "patch"),
		takesPatch[embedding](mux, "patchOfEmbedding"),
		takesPatch[tree](mux, "patchOfTree"),
		takesPatch[map[string]base](mux, "patchOfMap"),
		takesPatch[openEnded](mux, "patchOfOpen"),
		takesPatch[limits](mux, "patchOfLimits"),
	}
}

func echoes[T any](mux *tigertonic.TrieServeMux, name string) string {
	mux.Handle("POST", "/"+name, tigertonic.Typed(func(_ context.Context, in *T) (T, error) { return *in, nil }))
	return name
}

func allEchoes(mux *tigertonic.TrieServeMux) []string {
	return []string{
		echoes[scalars](mux, "scalars"),
		echoes[optionals](mux, "optionals"),
		echoes[withDefaults](mux, "defaults"),
		echoes[limits](mux, "limits"),
		echoes[numerals](mux, "numbers"),
		echoes[edges](mux, "edges"),
		echoes[formats](mux, "formats"),
		echoes[peculiar](mux, "peculiar"),
		echoes[mappings](mux, "maps"),
		echoes[embedding](mux, "embedding"),
		echoes[attaching](mux, "attaching"),
		echoes[openEnded](mux, "open"),
		echoes[openRaw](mux, "openRaw"),
		echoes[tree](mux, "tree"),
		echoes[recursiveList](mux, "recursiveList"),
		echoes[recursiveMap](mux, "recursiveMap"),
		echoes[[]limits](mux, "listOfLimits"),
		echoes[string](mux, "string"),
		echoes[float32](mux, "float32"),
		echoes[time.Time](mux, "timeOnly"),
		echoes[time.Duration](mux, "durationOnly"),
		echoes[[]byte](mux, "bytesOnly"),
		echoes[tigertonic.Opt[int]](mux, "optOnly"),
		echoes[[2]int16](mux, "arrayOnly"),
		echoes[pair[pair[int, *tree], map[int]pair[string, []byte]]](mux, "generic"),
	}
}
