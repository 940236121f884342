package web

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/export"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	maxForm = 64 << 10
	// listed is how many stats are on a page.
	listed = 40
	// compared is how many stats a page compares.
	compared = 3
)

type listData struct {
	Figures    []*figure
	Next, Prev int
	More       bool
}

// list shows all stats, with the last day of each.
func (s *Site) list(w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	offset = max(0, offset)
	stats, err := s.Store.Stats(r.Context(), visitorOf(r).account.ID, offset, listed+1)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data := listData{Next: offset + listed, Prev: offset - listed, More: len(stats) > listed}
	for i := range stats[:min(listed, len(stats))] {
		f, err := s.readFigure(r.Context(), stats[i], frame.Frame{Span: frame.Day, Step: frame.Hour / 2}, true)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		data.Figures = append(data.Figures, f)
	}
	s.show(w, r, http.StatusOK, "list", layout{Title: "Stats", Live: "/live", Data: data})
}

// visible returns a stat if the request's visitor may see it.
func (s *Site) visible(r *http.Request, id string) (store.Stat, error) {
	stat, err := s.Store.StatByID(r.Context(), id)
	if err == nil && !stat.Public && (visitorOf(r).account == nil || visitorOf(r).account.ID != stat.Account) {
		err = store.ErrNotFound
	}
	return stat, err
}

type statData struct {
	*figure
	Windows []window
	T       string
	Own     bool
	Alerts  []store.Alert
}

// stat shows a stat.
func (s *Site) stat(w http.ResponseWriter, r *http.Request) {
	stat, err := s.visible(r, r.PathValue("id"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f, t, err := frameOf(r, "1w3h")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	g, err := s.readFigure(r.Context(), stat, f, true)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data := statData{figure: g, Windows: windows(t), T: t}
	if account := visitorOf(r).account; account != nil && account.ID == stat.Account {
		data.Own = true
		if data.Alerts, err = s.Store.Alerts(r.Context(), account.ID); err != nil {
			s.fail(w, r, err)
			return
		}
		data.Alerts = ofStat(data.Alerts, stat.ID)
	}
	s.show(w, r, http.StatusOK, "stat", layout{Title: stat.Name, Live: "/live?stat=" + stat.PublicID, Data: data})
}

func ofStat(alerts []store.Alert, stat int64) (some []store.Alert) {
	for i := range alerts {
		if alerts[i].Stat == stat {
			some = append(some, alerts[i])
		}
	}
	return some
}

type compareData struct {
	Figures []*figure
	Windows []window
	Query   string // of the stats
	Graph   template.HTML
	T       string
}

// compare shows up to three stats in one graph.
func (s *Site) compare(w http.ResponseWriter, r *http.Request) {
	f, t, err := frameOf(r, "1w3h")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ids := r.URL.Query()["s"]
	data := compareData{Windows: windows(t), T: t, Query: url.Values{"s": ids[:min(compared, len(ids))]}.Encode()}
	graph := chart.Graph{ID: "graph", Axis: f.At(s.Now().Unix()), Height: 320, FromZero: true}
	for i, id := range ids[:min(compared, len(ids))] {
		stat, err := s.visible(r, id)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		g, err := s.readFigure(r.Context(), stat, f, true)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		data.Figures = append(data.Figures, g)
		graph.Lines = append(graph.Lines, g.line("c"+strconv.Itoa(i)))
		graph.FromZero = graph.FromZero && stat.Counter
		graph.Desc += stat.Name + ": " + g.Words() + " "
	}
	if len(data.Figures) == 0 {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	graph.Title = "Comparison, " + f.String()
	data.Graph = template.HTML(graph.SVG()) //nolint:gosec // it is escaped
	s.show(w, r, http.StatusOK, "compare", layout{Title: "Comparison", Live: "/live?" + url.Values{"stat": ids[:min(compared, len(ids))]}.Encode(), Data: data})
}

// back redirects a browser after a form.
func (s *Site) back(w http.ResponseWriter, r *http.Request, err error, path string) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // it is one of this site
}

func (s *Site) edit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	unit := r.PostFormValue("unit")
	if len(unit) > 20 {
		s.fail(w, r, tigertonic.Problem{Status: http.StatusBadRequest, Detail: "the unit is too long"})
		return
	}
	id := r.PathValue("id")
	err := s.Store.Edit(r.Context(), visitorOf(r).account.ID, id, unit, r.PostFormValue("public") != "")
	s.back(w, r, err, "/stats/"+id)
}

func (s *Site) remove(w http.ResponseWriter, r *http.Request) {
	s.back(w, r, s.Store.Remove(r.Context(), s.Now().Unix(), visitorOf(r).account.ID, r.PathValue("id")), "/trash")
}

func (s *Site) trash(w http.ResponseWriter, r *http.Request) {
	stats, err := s.Store.Trash(r.Context(), visitorOf(r).account.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "trash", layout{Title: "Trash", Data: stats})
}

func (s *Site) restore(w http.ResponseWriter, r *http.Request) {
	err := s.Store.Restore(r.Context(), visitorOf(r).account.ID, r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		err = tigertonic.Problem{Status: http.StatusConflict, Detail: "It isn't in the trash, or there is another stat of its name."}
	}
	s.back(w, r, err, "/")
}

type settingsData struct {
	Tokens []store.Token
	Fresh  string // a token that was made just now
}

func (s *Site) settings(w http.ResponseWriter, r *http.Request) { s.showSettings(w, r, "") }

func (s *Site) showSettings(w http.ResponseWriter, r *http.Request, fresh string) {
	tokens, err := s.Store.Tokens(r.Context(), visitorOf(r).account.ID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "settings", layout{Title: "Settings", Data: settingsData{tokens, fresh}})
}

func (s *Site) makeToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	name := r.PostFormValue("name")
	if name == "" || len(name) > 100 {
		s.fail(w, r, tigertonic.Problem{Status: http.StatusBadRequest, Detail: "A token needs a name."})
		return
	}
	token, err := s.Store.MakeToken(r.Context(), s.Now().Unix(), visitorOf(r).account.ID, name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showSettings(w, r, token)
}

func (s *Site) revokeToken(w http.ResponseWriter, r *http.Request) {
	s.back(w, r, s.Store.RevokeToken(r.Context(), visitorOf(r).account.ID, r.PathValue("id")), "/settings")
}

func (s *Site) setEZ(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	s.back(w, r, s.Store.SetEZ(r.Context(), visitorOf(r).account.ID, r.PostFormValue("ez") != ""), "/settings")
}

type alertsData struct {
	Alerts []store.Alert
	Stats  []store.Stat
	Chosen string
}

func (s *Site) alerts(w http.ResponseWriter, r *http.Request) {
	account := visitorOf(r).account
	alerts, err := s.Store.Alerts(r.Context(), account.ID)
	var stats []store.Stat
	if err == nil {
		stats, err = s.Store.Stats(r.Context(), account.ID, 0, 1000)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "alerts", layout{Title: "Alerts", Data: alertsData{alerts, stats, r.URL.Query().Get("stat")}})
}

func (s *Site) addAlert(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	_, err := s.Export.NewAlert(r.Context(), *visitorOf(r).account, export.AlertForm{
		StatID: r.PostFormValue("stat_id"), Kind: r.PostFormValue("kind"), TimeWindow: r.PostFormValue("time_window"),
		Operator: r.PostFormValue("operator"), Threshold: r.PostFormValue("threshold"), Percentage: r.PostFormValue("percentage"),
		TimeDelta: r.PostFormValue("time_delta"), Hook: r.PostFormValue("hook"),
	})
	s.back(w, r, err, "/alerts")
}

func (s *Site) removeAlert(w http.ResponseWriter, r *http.Request) {
	s.back(w, r, s.Store.RemoveAlert(r.Context(), visitorOf(r).account.ID, r.PathValue("id")), "/alerts")
}

func (s *Site) destroyPage(w http.ResponseWriter, r *http.Request) {
	stat, err := s.Store.StatByDestroyKey(r.Context(), r.PathValue("key"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "destroy", layout{Title: "Remove " + stat.Name, Data: stat})
}

func (s *Site) destroy(w http.ResponseWriter, r *http.Request) {
	err := s.Store.Destroy(r.Context(), s.Now().Unix(), r.PathValue("key"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "failed", layout{Title: "Removed", Message: "The stat is in the trash. Its owner can restore it for two days."})
}
