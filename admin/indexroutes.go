package admin

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// What the index shows of the routes that are measured: those in trouble first, which
// have failed in the last minutes, then those that take long.

type routeRow struct {
	Name, Rate, Failed, P50, P99 string
	InFlight                     int64
	Bad                          bool
	Requests, Errors             string // points of the lines in a box of 60 by 16

	metrics          tigertonic.RouteMetrics
	requests, errors uint32
	rate             float64
}

func (a *Admin) routeRows() (rows []routeRow) {
	for _, rm := range a.routeMetrics() {
		rows = append(rows, newRouteRow(rm))
	}
	slices.SortStableFunc(rows, func(a, b routeRow) int {
		return cmp.Or(cmp.Compare(b.errors, a.errors), cmp.Compare(b.metrics.P99, a.metrics.P99))
	})
	return rows
}

// lastIntervals is how many elements of the history are the last minute.
const lastIntervals = 6

func newRouteRow(rm tigertonic.RouteMetrics) routeRow {
	row := routeRow{
		Name: rm.Method + " " + rm.Pattern, InFlight: rm.InFlight, metrics: rm,
		P50: shortDuration(rm.P50), P99: shortDuration(rm.P99),
	}
	var minute, highest uint32
	for i, h := range rm.History {
		if i >= len(rm.History)-lastIntervals {
			minute += h.Count
		}
		row.requests += h.Count
		row.errors += h.Errors
		highest = max(highest, h.Count)
	}
	row.Bad = row.errors > 0
	row.rate = float64(minute) / time.Minute.Seconds()
	row.Rate = fmt.Sprintf("%.3g", row.rate)
	row.Failed = fmt.Sprintf("%d of %d", row.errors, row.requests)
	var requests, errors strings.Builder
	for i, h := range rm.History {
		fmt.Fprintf(&requests, "%d,%.1f ", i, height(h.Count, highest))
		fmt.Fprintf(&errors, "%d,%.1f ", i, height(h.Errors, highest))
	}
	row.Requests, row.Errors = requests.String(), errors.String()
	return row
}

func height(n, highest uint32) float64 { return 15.5 - 15*float64(n)/float64(max(highest, 1)) }

func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond / 10).String()
	}
	return d.Round(time.Second / 100).String()
}

// lastErrors returns the last failures of what is measured, the latest first.
func (a *Admin) lastErrors() (all []tigertonic.MeasuredError) {
	for _, m := range measuredIn(a.handler) {
		all = append(all, m.Errors()...)
	}
	slices.SortStableFunc(all, func(a, b tigertonic.MeasuredError) int { return b.Time.Compare(a.Time) })
	return all[:min(len(all), 10)]
}

type certificateRow struct {
	Name, Expires, Left string
	Bad                 bool
}

// certificateRows returns the server's certificates, those first that expire first.
func (a *Admin) certificateRows(now time.Time) (rows []certificateRow) {
	if a.certificates == nil {
		return nil
	}
	all := slices.Clone(a.certificates())
	slices.SortStableFunc(all, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	for _, c := range all {
		left := c.NotAfter.Sub(now)
		rows = append(rows, certificateRow{
			nameOfCertificate(c), c.NotAfter.UTC().Format(time.RFC3339), fmt.Sprintf("%d days", int(left.Hours()/24)), left < 14*24*time.Hour,
		})
	}
	return rows
}
