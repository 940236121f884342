// Package export is the API for programs that read stats and manage alerts: /x/TOKEN/…,
// as StatHat's clients know it.
package export

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	// pageSize is how many stats are on a page of the list.
	pageSize = 10_000
	// maxSeries is how many stats one response has.
	maxSeries = 5
	// maxDays is how many days a summary may have.
	maxDays = 10_000
)

// API serves programs.
type API struct {
	Store *store.Store
	Now   func() time.Time
	// Hook returns why a webhook can't go to a URL, or nil.
	Hook func(url string) error
}

// TokenIn is embedded in every input.
type TokenIn struct {
	Token string `path:"token" doc:"A token of the account, from its settings." example:"TOKEN"`
}

// A Stat is a stat as programs see it.
type Stat struct {
	ID         string `json:"id" doc:"What it is called in URLs." example:"aB3dE6gH9j"`
	Name       string `json:"name" example:"mail total"`
	Public     bool   `json:"public" doc:"Whether anybody can see it."`
	Counter    bool   `json:"counter" doc:"Whether it adds counts up, and isn't the mean of values."`
	Unit       string `json:"unit" doc:"What it is measured in." example:"°C"`
	ClassicKey string `json:"classic_key" doc:"The key for /c and /v."`
	EmbedKey   string `json:"embed_key" doc:"With which pages of others show it, though it isn't public."`
	Received   int64  `json:"data_received_at" doc:"When the last number was received, in seconds since 1970, or 0." example:"1700000400"`
	Created    int64  `json:"created_at" doc:"When it was made, likewise." example:"1700000000"`
}

func newStat(s *store.Stat) Stat {
	return Stat{s.PublicID, s.Name, s.Public, s.Counter, s.Unit, s.ClassicKey, s.EmbedKey, s.Received, s.Created}
}

// A Series is a stat over time.
type Series struct {
	Name      string  `json:"name" example:"mail total"`
	Timeframe string  `json:"timeframe" doc:"What the points are, in words." example:"2 hours @ 1 hour"`
	Points    []Point `json:"points" doc:"A point for each step of time, the oldest first."`
}

// A Point is the figure of one step of time.
type Point struct {
	Time  int64   `json:"time" doc:"When the step begins, in seconds since 1970." example:"1700000400"`
	Value float64 `json:"value" doc:"The sum of the counts, or the mean of the values; 0 if there were none." example:"12"`
}

// A Message is the response to a request that changes something.
type Message struct {
	Msg string `json:"msg" example:"stat deleted."`
}

// problem returns an error of the API. Clients look for its text in msg.
func problem(status int, detail string) tigertonic.Problem {
	return tigertonic.Problem{Status: status, Detail: detail, Extensions: map[string]any{"msg": detail}}
}

// ErrNoStat is the error for an unknown stat.
func ErrNoStat() error { return problem(http.StatusNotFound, "there is no such stat") }

// ErrFrame is the error for a window that isn't valid.
func ErrFrame() error {
	return problem(http.StatusBadRequest, "t must be a duration and an interval, such as 1w3h")
}

func errToken() error { return problem(http.StatusForbidden, "the token isn't known") }

func bad(err error) error { return problem(http.StatusBadRequest, err.Error()) }

func errDatabase() error {
	p := problem(http.StatusServiceUnavailable, "the database is unavailable")
	p.Header = http.Header{"Retry-After": {"1"}}
	return p
}

// Errs returns the errors that all operations have in common, for the document.
func Errs() []error { return []error{errToken(), errDatabase()} }

// told returns the error for the client, given one from the store.
func told(err, notFound error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return notFound
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, store.ErrUnavailable):
		return errDatabase()
	}
	return err
}

func (a *API) account(ctx context.Context, token string) (store.Account, error) {
	account, err := a.Store.AccountByToken(ctx, token)
	return account, told(err, errToken())
}

// ListIn asks for a page of the list.
type ListIn struct {
	TokenIn
	Offset int `query:"offset" default:"0" minimum:"0" doc:"How many to skip."`
}

// List returns a page of the stats, in the order of their creation.
func (a *API) List(ctx context.Context, in *ListIn) ([]Stat, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	found, err := a.Store.Stats(ctx, account.ID, in.Offset, pageSize)
	if err != nil {
		return nil, told(err, ErrNoStat())
	}
	all := make([]Stat, len(found))
	for i := range found {
		all[i] = newStat(&found[i])
	}
	return all, nil
}

// ByNameIn asks for a stat by its name.
type ByNameIn struct {
	TokenIn
	Name string `query:"name" required:"true" doc:"The name of the stat. It is looked up as sent, and then unescaped once more, because one client escapes it twice." example:"mail total"`
}

// ByName returns the stat of a name.
func (a *API) ByName(ctx context.Context, in *ByNameIn) (Stat, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return Stat{}, err
	}
	found, err := a.Store.StatByName(ctx, account.ID, in.Name)
	if errors.Is(err, store.ErrNotFound) {
		if once, bad := url.PathUnescape(in.Name); bad == nil && once != in.Name {
			found, err = a.Store.StatByName(ctx, account.ID, once)
		}
	}
	return newStat(&found), told(err, ErrNoStat())
}

// OneIn names a stat.
type OneIn struct {
	TokenIn
	ID string `path:"id" doc:"The ID of the stat." example:"aB3dE6gH9j"`
}

// Delete moves a stat to the trash.
func (a *API) Delete(ctx context.Context, in *OneIn) (Message, error) {
	account, err := a.account(ctx, in.Token)
	if err == nil {
		err = told(a.Store.Remove(ctx, a.Now().Unix(), account.ID, in.ID), ErrNoStat())
	}
	return Message{"stat deleted."}, err
}

// WindowIn asks for a span of time.
type WindowIn struct {
	T       string `query:"t" default:"1w3h" doc:"A duration and an interval, and optionally how far to shift both into the past, each an integer and one of m, h, d, w, M (30 days) and y (365 days). At most 10,000 points." example:"1w3h"`
	Start   *int64 `query:"start" doc:"When to begin, in seconds since 1970. By default, so that it ends now." example:"1700000400"`
	Summary string `query:"summary" doc:"A duration such as 7d, for a point for each of its days, UTC. It takes the place of t." example:"7d"`
}

// DataIn asks for series.
type DataIn struct {
	TokenIn
	WindowIn
	IDs string `path:"ids" doc:"The IDs of up to five stats, with slashes between them." example:"aB3dE6gH9j"`
}

// Data returns the series of stats.
func (a *API) Data(ctx context.Context, in *DataIn) ([]Series, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	all := []Series{}
	for id := range strings.SplitSeq(strings.TrimSuffix(in.IDs, "/"), "/") {
		if len(all) == maxSeries {
			break
		}
		stat, err := a.Store.StatOf(ctx, account.ID, id)
		if err != nil {
			return nil, told(err, ErrNoStat())
		}
		one, err := a.Series(ctx, stat, in.WindowIn)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Series returns a stat in a window of time.
func (a *API) Series(ctx context.Context, stat store.Stat, in WindowIn) (Series, error) {
	if in.Summary != "" {
		return a.summary(ctx, stat, in.Summary)
	}
	f, err := frame.Parse(in.T)
	if err != nil {
		return Series{}, bad(err)
	}
	axis := f.At(a.Now().Unix())
	if in.Start != nil {
		if *in.Start < 0 || *in.Start > endOfTime {
			return Series{}, problem(http.StatusBadRequest, "start isn't a time in seconds since 1970")
		}
		axis = f.From(*in.Start)
	}
	cells, err := a.Store.Series(ctx, stat.ID, axis)
	if err != nil {
		return Series{}, told(err, ErrNoStat())
	}
	return Series{stat.Name, f.String(), points(cells, stat.Counter, axis)}, nil
}

// endOfTime is the year 5138.
const endOfTime = 100_000_000_000

func (a *API) summary(ctx context.Context, stat store.Stat, text string) (Series, error) {
	minutes, err := frame.ParseDuration(text)
	if err != nil {
		return Series{}, bad(err)
	}
	n := (minutes + frame.Day - 1) / frame.Day
	if n > maxDays {
		return Series{}, problem(http.StatusBadRequest, "there would be more than 10000 points")
	}
	axis := frame.Axis{Start: (a.Now().Unix()/86400 - n + 1) * frame.Day, Step: frame.Day, N: int(n)}
	cells, err := a.Store.Days(ctx, stat.ID, axis.Start/frame.Day, axis.N)
	if err != nil {
		return Series{}, told(err, ErrNoStat())
	}
	f := frame.Frame{Span: n * frame.Day, Step: frame.Day}
	return Series{stat.Name, f.String(), points(cells, stat.Counter, axis)}, nil
}

func points(cells []store.Cell, counter bool, axis frame.Axis) []Point {
	all := make([]Point, len(cells))
	for i, c := range cells {
		all[i] = Point{axis.Time(i), c.Figure(counter)}
	}
	return all
}

// CSVIn asks for a series as a table.
type CSVIn struct {
	OneIn
	WindowIn
}

// CSV returns a series as a table with a header.
func (a *API) CSV(ctx context.Context, in *CSVIn) (tigertonic.Stream, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return tigertonic.Stream{}, err
	}
	stat, err := a.Store.StatOf(ctx, account.ID, in.ID)
	if err != nil {
		return tigertonic.Stream{}, told(err, ErrNoStat())
	}
	series, err := a.Series(ctx, stat, in.WindowIn)
	return Table(series), err
}

// Table returns a series as a table in CSV.
func Table(s Series) tigertonic.Stream {
	var b bytes.Buffer
	b.WriteString("time,value\n")
	for _, p := range s.Points {
		b.WriteString(time.Unix(p.Time, 0).UTC().Format(time.RFC3339) + "," + strconv.FormatFloat(p.Value, 'f', -1, 64) + "\n")
	}
	return tigertonic.Stream{ContentType: "text/csv; charset=utf-8; header=present", Reader: &b}
}
