package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/alert"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// reported is how many stats are in a report.
const reported = 200

// A row is a stat in a report.
type row struct {
	Name, URL                              string
	Latest, Low, High, Mean, Total, Change string
}

// Reports sends each account a report of a day, once.
type Reports struct {
	Store  *store.Store
	Mailer *mailer.Mailer
	Base   string // the URL of the pages
}

// Send sends the reports of a day, numbered from 1970, that haven't been sent yet. If one
// can't be sent, a later call tries again.
func (r *Reports) Send(ctx context.Context, day int64) error {
	if r.Mailer == nil {
		return nil
	}
	var errs []error
	err := r.Store.Accounts(ctx, func(a store.Account) error {
		first, err := r.Store.ClaimReport(ctx, a.ID, day)
		if err != nil || !first {
			return err
		}
		if err := r.send(ctx, a, day); err != nil {
			errs = append(errs, fmt.Errorf("the report of %s: %w", a.Email, err), r.Store.UnclaimReport(context.WithoutCancel(ctx), a.ID, day))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (r *Reports) send(ctx context.Context, a store.Account, day int64) error {
	stats, err := r.Store.Stats(ctx, a.ID, 0, reported)
	if err != nil {
		return err
	}
	rows := make([]row, 0, len(stats))
	for i := range stats {
		one, err := r.row(ctx, &stats[i], day)
		if err != nil {
			return err
		}
		rows = append(rows, one)
	}
	if len(rows) == 0 {
		return nil
	}
	date := time.Unix(day*86400, 0).UTC().Format("Monday, 2 January 2006")
	html, err := render(reportPage, map[string]any{"Date": date, "Rows": rows, "Base": r.Base})
	if err != nil {
		return err
	}
	return r.Mailer.Send(ctx, mailer.Message{To: a.Email, Subject: "Stats of " + date, Text: table(date, rows, r.Base), HTML: html})
}

// row sums up a day, by the hour.
func (r *Reports) row(ctx context.Context, stat *store.Stat, day int64) (row, error) {
	axis := frame.Axis{Start: day * frame.Day, Step: frame.Hour, N: 24}
	cells, err := r.Store.Series(ctx, stat.ID, axis)
	if err != nil {
		return row{}, err
	}
	before, err := r.Store.Series(ctx, stat.ID, axis.Before())
	if err != nil {
		return row{}, err
	}
	total, old := store.Total(cells), store.Total(before)
	one := row{Name: stat.Name, URL: r.Base + "/stats/" + stat.PublicID, Latest: "–", Low: "–", High: "–", Mean: "–", Total: chart.Number(total.Sum), Change: "–"}
	for _, c := range cells {
		if c.N > 0 {
			one.Latest = chart.Number(c.Figure(stat.Counter))
		}
	}
	if total.N > 0 {
		one.Low, one.High, one.Mean = chart.Number(total.Low), chart.Number(total.High), chart.Number(total.Figure(false))
	}
	if now, then := total.Figure(stat.Counter), old.Figure(stat.Counter); then != 0 && total.N > 0 {
		one.Change = fmt.Sprintf("%+.1f %%", 100*(now-then)/max(then, -then))
	}
	return one, nil
}

// table returns a report as text.
func table(date string, rows []row, base string) string {
	var b strings.Builder
	b.WriteString(date + ", UTC\n\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "stat\tlatest hour\tmin\tmax\tmean\ttotal\tchange")
	for i := range rows {
		r := &rows[i]
		_, _ = fmt.Fprintln(w, strings.Join([]string{strings.Map(printable, r.Name), r.Latest, r.Low, r.High, r.Mean, r.Total, r.Change}, "\t"))
	}
	_ = w.Flush() // never fails
	b.WriteString("\n" + base + "/\n")
	return b.String()
}

// printable replaces what would break a line.
func printable(c rune) rune {
	if c < ' ' || c == 0x7f {
		return ' '
	}
	return c
}

const reportPage = `<!doctype html><html lang="en"><body style="font:15px sans-serif;color:#16202c">
<h1 style="font-size:18px">{{.Date}}, UTC</h1>
<table style="border-collapse:collapse"><thead><tr style="color:#566274;text-align:right"><th style="text-align:left;padding:4px 10px">stat</th><th style="padding:4px 10px">latest hour</th><th style="padding:4px 10px">min</th><th style="padding:4px 10px">max</th><th style="padding:4px 10px">mean</th><th style="padding:4px 10px">total</th><th style="padding:4px 10px">change</th></tr></thead>
<tbody>{{range .Rows}}<tr style="text-align:right;border-top:1px solid #dfe4eb"><th style="text-align:left;padding:4px 10px"><a href="{{.URL}}">{{.Name}}</a></th><td style="padding:4px 10px">{{.Latest}}</td><td style="padding:4px 10px">{{.Low}}</td><td style="padding:4px 10px">{{.High}}</td><td style="padding:4px 10px">{{.Mean}}</td><td style="padding:4px 10px">{{.Total}}</td><td style="padding:4px 10px">{{.Change}}</td></tr>{{end}}</tbody></table>
<p><a href="{{.Base}}/">All stats</a></p></body></html>`

func render(page string, data any) (string, error) {
	t, err := template.New("").Parse(page)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.String(), err
}

// Alert returns the mail to the owner of an alert that fires.
func Alert(e alert.Event, base string) mailer.Message {
	a := e.Alert
	what := fmt.Sprintf("%s: %s in %s", a.StatName, chart.Number(e.Value), a.Window)
	switch a.Kind {
	case store.AlertData:
		what = fmt.Sprintf("%s: nothing in %s", a.StatName, a.Window)
	case store.AlertValue:
		what += fmt.Sprintf(", which is %s %s", a.Operator, chart.Number(a.Threshold))
	case store.AlertDelta:
		what += fmt.Sprintf(", %s %s earlier, %s, by %s %%", a.Operator, a.Delta, chart.Number(e.Before), chart.Number(a.Percentage))
	}
	link := base + "/stats/" + a.StatID
	html, err := render(`<!doctype html><html lang="en"><body><p>{{.What}}</p><p><a href="{{.Link}}">See it</a></p></body></html>`, map[string]string{"What": what, "Link": link})
	if err != nil {
		slog.Error("can't compose a mail", "error", err)
	}
	return mailer.Message{To: e.Account.Email, Subject: "Alert: " + a.StatName, Text: what + "\n\n" + link + "\n", HTML: html}
}
