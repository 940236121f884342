package inout

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/schema"
)

// A Colour is a text in JSON and in parameters: #ff8800.
type Colour [3]byte

// MarshalText returns the colour as # and six digits.
func (c Colour) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "#%x", c[:]), nil }

// UnmarshalText parses such a text.
func (c *Colour) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(string(text), "#"), 16, 24)
	if len(text) != 7 || err != nil {
		return fmt.Errorf("%q isn't a colour such as #ff8800", text)
	}
	*c = Colour{byte(n >> 16 & 255), byte(n >> 8 & 255), byte(n & 255)}
	return nil
}

// JSONSchema is what the document says, and what is checked before UnmarshalText is called.
func (Colour) JSONSchema() *schema.Schema {
	return &schema.Schema{Types: []string{"string"}, Pattern: "^#[0-9a-f]{6}$"}
}

// A Point is an array of two numbers in JSON.
type Point struct{ X, Y float64 }

// MarshalJSON returns [x,y].
func (p Point) MarshalJSON() ([]byte, error) { return json.Marshal([2]float64{p.X, p.Y}) }

// UnmarshalJSON parses [x,y].
func (p *Point) UnmarshalJSON(text []byte) error {
	var xy [2]float64
	err := json.Unmarshal(text, &xy)
	p.X, p.Y = xy[0], xy[1]
	return err
}

// JSONSchema says that there are two.
func (Point) JSONSchema() *schema.Schema {
	two := 2
	return &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Types: []string{"number"}}, MinItems: &two, MaxItems: &two}
}

type dot struct {
	At     Point  `json:"at"`
	Colour Colour `json:"colour"`
}

func draw(_ context.Context, in *dot) (*dot, error) { return in, nil }
