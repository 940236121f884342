// Package hob is com.hailocab.service.hob: the areas in which there are taxis. Cities
// inherit the settings of their country.
package hob

import (
	"context"
	"maps"
	"net/http"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

// Name is the service's.
const Name = "com.hailocab.service.hob"

// List lists areas.
//
//nolint:gochecknoglobals // a declaration, which never changes
var List = tigertonic.Declare[ListIn, []Hob]("GET", "/list")

// ListIn asks for the areas that a place is in.
type ListIn struct {
	geo.Query
}

// A Hob is an area.
type Hob struct {
	Code     string         `json:"code" doc:"What it is known by." example:"DUB"`
	Name     string         `json:"name" doc:"What it is called." example:"Dublin"`
	Region   string         `json:"region" doc:"The region whose configuration it has." example:"ie"`
	Services []string       `json:"services" doc:"What can be ordered there."`
	Settings map[string]any `json:"settings" doc:"Its settings, with those that it has inherited."`
}

// An area is a hob and where it is. A parent has no area of its own.
type area struct {
	code, name, region, parent string
	services                   []string
	settings                   map[string]any
	border                     geo.Polygon
}

// areas returns the areas that there are.
func areas() map[string]area {
	const half = 30_000
	all := []string{"taxi", "estate", "van"}
	return map[string]area{
		"IE":  {code: "IE", name: "Ireland", region: "ie", settings: map[string]any{"currency": "EUR", "emergency": "112", "cash": true}},
		"GB":  {code: "GB", name: "Great Britain", region: "gb", settings: map[string]any{"currency": "GBP", "emergency": "999", "cash": true}},
		"DUB": {code: "DUB", name: "Dublin", region: "ie", parent: "IE", services: all, settings: map[string]any{"tips": false}, border: geo.Box(geo.Point{Lat: 53.34, Lng: -6.26}, half, half)},
		"LON": {code: "LON", name: "London", region: "gb", parent: "GB", services: all, settings: map[string]any{"cash": false}, border: geo.Box(geo.Point{Lat: 51.507, Lng: -0.128}, half, half)},
	}
}

// A Service is the hob service.
type Service struct{ areas map[string]area }

// New returns a service.
func New() *Service { return &Service{areas()} }

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	List.Handle(mux, tigertonic.Typed(s.list).OperationID("list-hobs").Summary("List the areas that a place is in").Tags("hob"))
	return mux
}

func (s *Service) list(_ context.Context, in *ListIn) ([]Hob, error) {
	found := []Hob{}
	for _, a := range s.areas {
		if a.border == nil || !a.border.Contains(in.Point()) {
			continue
		}
		h := Hob{Code: a.code, Name: a.name, Region: a.region, Services: a.services, Settings: map[string]any{}}
		maps.Copy(h.Settings, s.areas[a.parent].settings)
		maps.Copy(h.Settings, a.settings)
		found = append(found, h)
	}
	return found, nil
}
