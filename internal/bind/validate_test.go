package bind_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/internal/bind"
)

// Checked is a text that says itself what is wrong with it.
type Checked string

func (c *Checked) Validate(context.Context) error {
	switch *c {
	case "ok":
		return nil
	case "empty":
		return list{}
	case "wrapped empty":
		return fmt.Errorf("nothing: %w", list{})
	case "joined empty":
		return errors.Join(list{}, list{})
	case "list":
		return fmt.Errorf("wrapped: %w", list{{Pointer: "/at", Detail: "is odd"}, {Parameter: "q", In: "query", Detail: "is odd"}})
	case "joined":
		return errors.Join(errors.New("x"), list{{Detail: "is odd"}})
	case "status":
		return status{errors.New("is taken")}
	case "changed":
		*c = "ok"
		return nil
	}
	return errors.New("is " + string(*c))
}

type embeddedChecked struct{ Checked Checked }

func (e *embeddedChecked) Validate(context.Context) error {
	if e.Checked == "embedded" {
		return errors.New("is embedded")
	}
	return nil
}

type outer struct {
	embeddedChecked
	List []Checked          `json:"list,omitempty"`
	Map  map[string]Checked `json:"map,omitempty"`
	Int  map[int]Checked    `json:"int,omitempty"`
	Ptr  *Checked           `json:"ptr,omitempty"`
	Opt  opt[Checked]       `json:"opt,omitzero"`
	Self *outer             `json:"self,omitempty"`
}

// Whole is asked itself, and has nothing within it that is.
type Whole struct{ From, To int }

func (w *Whole) Validate(context.Context) error {
	if w.From > w.To {
		return list{{Pointer: "/To", Detail: "must not be before From"}}
	}
	return nil
}

// Promoted has the method of what it embeds.
type Promoted struct{ Whole }

// Declared has one of its own besides.
type Declared struct{ Whole }

func (d *Declared) Validate(context.Context) error {
	if d.To > 9 {
		return errors.New("is too far")
	}
	return nil
}

type place struct {
	Q    Checked `query:"q" default:"ok"`
	Body Whole   `body:""`
}

func (p *place) Validate(context.Context) error {
	if p.Body.From == 7 {
		return list{{Detail: "is odd"}, {Pointer: "/From", Detail: "is 7"}}
	}
	return nil
}

func TestValidatorsAreAskedFromTheInside(t *testing.T) {
	for _, c := range []struct {
		body string
		want []string
	}{
		{`{"Checked":"ok"}`, nil},
		{`{"Checked":"empty","list":["wrapped empty","joined empty","changed"]}`, nil},
		{`{"Checked":"wrong"}`, []string{"422", "/Checked: is wrong"}},
		{`{"Checked":"embedded"}`, []string{"422", "/Checked: is embedded", "body: is embedded"}},
		{`{"Checked":"ok","list":["ok","list"]}`, []string{"422", "/list/1/at: is odd", "query q: is odd"}},
		{`{"Checked":"ok","list":["ok","joined"]}`, []string{"422", "/list/1: is odd"}},
		{`{"Checked":"ok","map":{"b/c":"x","a":"y"}}`, []string{"422", "/map/a: is y", "/map/b~1c: is x"}},
		{`{"Checked":"ok","int":{"5":"x"}}`, []string{"422", "/int/5: is x"}},
		{`{"Checked":"ok","ptr":"x"}`, []string{"422", "/ptr: is x"}},
		{`{"Checked":"ok","opt":"x"}`, []string{"422", "/opt: is x"}},
		{`{"Checked":"ok","opt":null,"self":{"Checked":"x"}}`, []string{"422", "/self/Checked: is x"}},
		{`{"Checked":"ok","ptr":"status"}`, []string{"409", "is taken"}},
	} {
		_, wrong := bound[outer](t, request("POST", "/", c.body))
		assert.Equal(t, c.want, wrong, c.body)
	}
	v, wrong := bound[[]Checked](t, request("POST", "/", `["changed"]`))
	assert.Empty(t, wrong)
	assert.Equal(t, Checked("ok"), v[0])
	_, wrong = bound[[]Checked](t, request("POST", "/", `["x"`+strings.Repeat(`,"x"`, 300)+`]`))
	assert.Len(t, wrong, 101)
}

func TestValidatorsOfWhatIsEmbedded(t *testing.T) {
	_, wrong := bound[Whole](t, request("POST", "/", `{"From":2,"To":1}`))
	assert.Equal(t, []string{"422", "/To: must not be before From"}, wrong)
	_, wrong = bound[Promoted](t, request("POST", "/", `{"From":2,"To":1}`))
	assert.Equal(t, []string{"422", "/To: must not be before From"}, wrong)
	_, wrong = bound[Declared](t, request("POST", "/", `{"From":20,"To":10}`))
	assert.Equal(t, []string{"422", "/To: must not be before From", "body: is too far"}, wrong)

	_, wrong = bound[place](t, request("POST", "/?q=x", `{"From":7,"To":9}`))
	assert.Equal(t, []string{"422", "query q: is x", "request: is odd", "/From: is 7"}, wrong)
}

type hiddenWhole struct {
	Whole
	//lint:ignore U1000 it is there so that the struct can't be copied
	secret int
}

func (h *hiddenWhole) Validate(context.Context) error { return nil }

func TestValidatorsThatCannotBeCalledAreTold(t *testing.T) {
	type two struct {
		hiddenWhole
		embeddedChecked
	}
	_, err := bind.Compile(typeOf[two](), rules)
	assert.ErrorContains(t, err, "its method Validate can't be called")
	type copied struct {
		embeddedChecked
		B int
	}
	_, wrong := bound[struct {
		copied
		Promoted
	}](t, request("POST", "/", `{"Checked":"embedded","B":1,"From":1,"To":2}`))
	assert.Equal(t, []string{"422", "/Checked: is embedded", "body: is embedded"}, wrong)
}
