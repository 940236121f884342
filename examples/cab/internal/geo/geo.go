// Package geo has points on the earth, areas, and an index of moving drivers.
package geo

import (
	"errors"
	"math"
)

// A Point is a place, in degrees (WGS 84).
type Point struct {
	Lat float64 `json:"lat" minimum:"-90" maximum:"90" doc:"Degrees north." example:"53.34"`
	Lng float64 `json:"lng" minimum:"-180" maximum:"180" doc:"Degrees east." example:"-6.26"`
}

// A Query is a place in the query of a request.
type Query struct {
	Lat float64 `query:"lat" required:"true" minimum:"-90" maximum:"90" doc:"Degrees north." example:"53.34"`
	Lng float64 `query:"lng" required:"true" minimum:"-180" maximum:"180" doc:"Degrees east." example:"-6.26"`
}

// Point returns the place.
func (q Query) Point() Point { return Point(q) }

const (
	// Degree is how long a degree of latitude is, in meters.
	Degree = earth * math.Pi / 180
	earth  = 6_371_008.8
)

// Distance returns the straight-line distance from a to b, in meters. It treats the surface
// between them as flat, which is off by less than 0.1 % within 100 km.
func Distance(a, b Point) float64 {
	x := (b.Lng - a.Lng) * math.Cos((a.Lat+b.Lat)/2*math.Pi/180)
	return math.Hypot(x, b.Lat-a.Lat) * Degree
}

// Move returns the point that is this many meters east and north of p.
func Move(p Point, east, north float64) Point {
	return Point{p.Lat + north/Degree, p.Lng + east/(Degree*math.Cos(p.Lat*math.Pi/180))}
}

// A Polygon is an area, given by its corners. The last one needn't be the first again.
type Polygon []Point

// Box returns the rectangle around a point that ends so many meters east and west, and north
// and south, of it.
func Box(center Point, east, north float64) Polygon {
	a, b := Move(center, -east, -north), Move(center, east, north)
	return Polygon{a, {Lat: a.Lat, Lng: b.Lng}, b, {Lat: b.Lat, Lng: a.Lng}}
}

// Check returns what is wrong with the polygon.
func (g Polygon) Check() error {
	if len(g) < 3 {
		return errors.New("a polygon needs at least three corners")
	}
	for _, p := range g {
		if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lng) <= 180) {
			return errors.New("a corner isn't on the earth")
		}
	}
	return nil
}

// Contains reports whether p is in the polygon, by counting the edges to the east of p.
func (g Polygon) Contains(p Point) bool {
	in := false
	for i, j := 0, len(g)-1; i < len(g); j, i = i, i+1 {
		a, b := g[i], g[j]
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lng < (b.Lng-a.Lng)*(p.Lat-a.Lat)/(b.Lat-a.Lat)+a.Lng {
			in = !in
		}
	}
	return in
}
