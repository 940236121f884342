package export

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// An Alert is an alert as programs see it, without the fields that its kind doesn't use.
type Alert struct {
	ID         string   `json:"id" doc:"What it is called in URLs." example:"kL2mN4pQ6r"`
	StatID     string   `json:"stat_id" doc:"The stat that it watches." example:"aB3dE6gH9j"`
	StatName   string   `json:"stat_name" example:"mail total"`
	Kind       string   `json:"kind" enum:"value,delta,data" doc:"Whether it watches the sum or mean of a window, how far that is from the one before, or silence."`
	TimeWindow string   `json:"time_window" enum:"5m,1h,3h,1d,1w,1M,1y" doc:"The window that ends now."`
	Operator   string   `json:"operator,omitempty" enum:"greater than,less than,different than"`
	Threshold  *float64 `json:"threshold,omitempty" doc:"What a value alert compares with." example:"100"`
	Percentage *float64 `json:"percentage,omitempty" doc:"By how much a delta alert's window differs." example:"50"`
	TimeDelta  string   `json:"time_delta,omitempty" enum:"5m,1h,3h,1d,1w,1M,1y" doc:"How long before a delta alert's window the one is that it is compared with."`
	Hook       string   `json:"hook,omitempty" doc:"The URL that is sent a signed request when it begins to fire." example:"https://example.com/hook"`
	Firing     bool     `json:"firing" doc:"Whether the condition is true."`
}

func newAlert(a store.Alert) Alert {
	out := Alert{
		ID: a.PublicID, StatID: a.StatID, StatName: a.StatName, Kind: a.Kind, TimeWindow: a.Window,
		Operator: a.Operator, TimeDelta: a.Delta, Hook: a.Hook, Firing: a.Firing,
	}
	switch a.Kind {
	case store.AlertValue:
		out.Threshold = &a.Threshold
	case store.AlertDelta:
		out.Percentage = &a.Percentage
	}
	return out
}

// ErrNoAlert is the error for an unknown alert.
func ErrNoAlert() error { return problem(http.StatusNotFound, "there is no such alert") }

// ErrAlert is the error for a field of [AlertForm] that isn't valid.
func ErrAlert() error { return problem(http.StatusBadRequest, "kind must be value, delta or data") }

// ErrManyAlerts is the error for an account that can't have another alert.
func ErrManyAlerts() error {
	return problem(http.StatusConflict, "the account has as many alerts as it can have")
}

// Alerts returns the alerts of an account.
func (a *API) Alerts(ctx context.Context, in *TokenIn) ([]Alert, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return nil, err
	}
	found, err := a.Store.Alerts(ctx, account.ID)
	if err != nil {
		return nil, told(err, ErrNoAlert())
	}
	all := make([]Alert, len(found))
	for i := range found {
		all[i] = newAlert(found[i])
	}
	return all, nil
}

// AlertIn names an alert.
type AlertIn struct {
	TokenIn
	ID string `path:"id" doc:"The ID of the alert." example:"kL2mN4pQ6r"`
}

// Alert returns an alert.
func (a *API) Alert(ctx context.Context, in *AlertIn) (Alert, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return Alert{}, err
	}
	found, err := a.Store.AlertOf(ctx, account.ID, in.ID)
	return newAlert(found), told(err, ErrNoAlert())
}

// DeleteAlert removes an alert.
func (a *API) DeleteAlert(ctx context.Context, in *AlertIn) (Message, error) {
	account, err := a.account(ctx, in.Token)
	if err == nil {
		err = told(a.Store.RemoveAlert(ctx, account.ID, in.ID), ErrNoAlert())
	}
	return Message{"alert deleted."}, err
}

// AlertForm is a form that asks for an alert. Its fields are texts, so that an error about
// one has a msg like all others: clients show it.
type AlertForm struct {
	StatID     string `form:"stat_id" required:"true" doc:"The stat to watch." example:"aB3dE6gH9j"`
	Kind       string `form:"kind" required:"true" doc:"value, delta or data." example:"value"`
	TimeWindow string `form:"time_window" required:"true" doc:"5m, 1h, 3h, 1d, 1w, 1M or 1y." example:"1h"`
	Operator   string `form:"operator" doc:"greater than, less than or, for a delta, different than; or gt, lt, dt." example:"greater than"`
	Threshold  string `form:"threshold" doc:"A number, for a value alert." example:"100"`
	Percentage string `form:"percentage" doc:"A number, not negative, for a delta alert." example:"50"`
	TimeDelta  string `form:"time_delta" doc:"For a delta alert, like time_window." example:"1d"`
	Hook       string `form:"hook" doc:"The URL of a webhook." example:"https://example.com/hook"`
}

// MakeAlertIn asks for an alert.
type MakeAlertIn struct {
	TokenIn
	AlertForm
}

// MakeAlert makes an alert.
func (a *API) MakeAlert(ctx context.Context, in *MakeAlertIn) (Alert, error) {
	account, err := a.account(ctx, in.Token)
	if err != nil {
		return Alert{}, err
	}
	return a.NewAlert(ctx, account, in.AlertForm)
}

// NewAlert makes an alert for an account.
func (a *API) NewAlert(ctx context.Context, account store.Account, form AlertForm) (Alert, error) {
	alert, err := form.alert()
	if err != nil {
		return Alert{}, bad(err)
	}
	if alert.Hook != "" {
		if err := a.Hook(alert.Hook); err != nil {
			return Alert{}, bad(err)
		}
	}
	stat, err := a.Store.StatOf(ctx, account.ID, form.StatID)
	if err != nil {
		return Alert{}, told(err, ErrNoStat())
	}
	existing, err := a.Store.Alerts(ctx, account.ID)
	if err != nil {
		return Alert{}, told(err, ErrNoStat())
	}
	if len(existing) >= maxAlerts {
		return Alert{}, ErrManyAlerts()
	}
	alert.Account, alert.Stat = account.ID, stat.ID
	made, err := a.Store.MakeAlert(ctx, a.Now().Unix(), alert)
	return newAlert(made), told(err, ErrNoAlert())
}

// maxAlerts is how many alerts an account can have.
const maxAlerts = 1000

var errNumber = errors.New("the number isn't valid")

// alert returns the alert that the form asks for. It ignores fields of other kinds.
func (f *AlertForm) alert() (a store.Alert, err error) {
	a = store.Alert{Kind: f.Kind, Window: f.TimeWindow, Hook: f.Hook}
	if !isWindow(a.Window) {
		return a, errors.New("time_window must be one of 5m, 1h, 3h, 1d, 1w, 1M and 1y")
	}
	switch a.Kind {
	case store.AlertData:
		return a, nil
	case store.AlertValue:
		a.Threshold, err = number(f.Threshold)
	case store.AlertDelta:
		if a.Percentage, err = number(f.Percentage); err == nil && a.Percentage < 0 {
			err = errors.New("percentage can't be negative")
		}
		if a.Delta = f.TimeDelta; err == nil && !isWindow(a.Delta) {
			err = errors.New("time_delta must be one of 5m, 1h, 3h, 1d, 1w, 1M and 1y")
		}
	default:
		err = errors.New("kind must be value, delta or data")
	}
	if err != nil {
		return a, err
	}
	a.Operator, err = operator(a.Kind, f.Operator)
	return a, err
}

// operator returns an operator in words. Some clients send abbreviations.
func operator(kind, text string) (string, error) {
	switch text {
	case "gt", "greater than":
		return "greater than", nil
	case "lt", "less than":
		return "less than", nil
	case "dt", "different than":
		if kind == store.AlertDelta {
			return "different than", nil
		}
	}
	if kind == store.AlertDelta {
		return "", errors.New("operator must be greater than, less than or different than")
	}
	return "", errors.New("operator must be greater than or less than")
}

func isWindow(text string) bool {
	return slices.Contains([]string{"5m", "1h", "3h", "1d", "1w", "1M", "1y"}, text)
}

func number(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, errNumber
	}
	return value, nil
}
