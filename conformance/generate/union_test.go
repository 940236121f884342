package generate_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/generate"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type Shape struct {
	tigertonic.Union `discriminator:"kind"`

	Circle *Circle   `variant:"circle"`
	Group  *Group    `variant:"group"`
	Empty  *struct{} `variant:"empty"`
}

type Circle struct {
	ID     string  `json:"id" readOnly:"true"`
	Radius float64 `json:"radius" minimum:"0.5"`
}

type Group struct {
	Shapes []Shape               `json:"shapes"`
	Frame  tigertonic.Opt[Shape] `json:"frame,omitzero"`
}

// service doubles shapes.
func service() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/shapes", tigertonic.Typed(func(_ context.Context, in *Shape) (*Shape, error) {
		double(in)
		return in, nil
	}).OperationID("double"))
	return mux
}

func double(s *Shape) {
	if s.Circle != nil {
		s.Circle.ID, s.Circle.Radius = "c1", 2*s.Circle.Radius
	}
	if s.Group != nil {
		for i := range s.Group.Shapes {
			double(&s.Group.Shapes[i])
		}
	}
}

func document() []byte {
	return openapi.New(service(), openapi.Info{Title: "Shapes", Version: "1"}).JSON()
}

func TestTypeScriptNarrowsUnions(t *testing.T) {
	const client = `
import type { components } from "./schema";
type Shape = components["schemas"]["Shape.output"];
export function area(s: Shape): number {
	switch (s.kind) {
	case "circle":
		return Math.PI * s.radius ** 2;
	case "group":
		return s.shapes.reduce((sum, one) => sum + area(one), 0);
	case "empty":
		return 0;
	}
}
export const circle: components["schemas"]["Shape"] = { kind: "circle", radius: 1 };
`
	assert.Empty(t, generate.TypeScript(t, document(), map[string]string{"client.ts": client}))
	wrong := generate.TypeScript(t, document(), map[string]string{"client.ts": `
import type { components } from "./schema";
export const circle: components["schemas"]["Shape"] = { kind: "circle", side: 1 };
`})
	assert.Contains(t, wrong, "error TS")
}

func TestOapiCodegenCallsByUnions(t *testing.T) {
	server := httptest.NewServer(service())
	defer server.Close()
	out, ok := generate.OapiCodegen(t, document()).Run(t, `package main

import (
	"context"
	"fmt"
	"os"

	"generated/api"
)

func main() {
	c, err := api.NewClientWithResponses(os.Args[1])
	if err != nil {
		panic(err)
	}
	var circle, group api.Shape
	if err := circle.FromCircle(api.Circle{Radius: 1.5}); err != nil {
		panic(err)
	}
	if err := group.FromGroup(api.Group{Shapes: []api.Shape{circle}}); err != nil {
		panic(err)
	}
	rs, err := c.DoubleWithResponse(context.Background(), group)
	if err != nil || rs.JSON200 == nil {
		panic(fmt.Sprint(err, string(rs.Body)))
	}
	answer, err := rs.JSON200.AsGroupOutput()
	if err != nil {
		panic(err)
	}
	one, err := answer.Shapes[0].ValueByDiscriminator()
	fmt.Print(err, one.(api.CircleOutput).Radius)
}
`, server.URL)
	assert.True(t, ok, out)
	assert.Equal(t, "<nil> 3", out)
}

func TestOgenCallsByUnions(t *testing.T) {
	server := httptest.NewServer(service())
	defer server.Close()
	out, ok := generate.Ogen(t, document()).Run(t, `package main

import (
	"context"
	"fmt"
	"os"

	"generated/api"
)

func main() {
	c, err := api.NewClient(os.Args[1])
	if err != nil {
		panic(err)
	}
	circle := api.NewCircleShape(api.Circle{Radius: 1.5})
	group := api.NewGroupShape(api.Group{Shapes: []api.Shape{circle}})
	rs, err := c.Double(context.Background(), group)
	if err != nil {
		panic(err)
	}
	answer, ok := rs.(*api.ShapeOutput)
	if !ok {
		panic(fmt.Sprintf("%T", rs))
	}
	one := answer.GroupOutput.Shapes[0]
	fmt.Print(answer.Type, one.Type, one.CircleOutput.Radius)
}
`, server.URL)
	assert.True(t, ok, out)
	assert.Equal(t, "groupcircle3", out)
}
