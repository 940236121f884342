package export

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// An Alert is what programs are told of an alert. Fields that its kind has no use for
// are left out.
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

// ErrNoAlert is the error for an alert that there isn't.
func ErrNoAlert() error { return problem(http.StatusNotFound, "there is no such alert") }

// Alerts returns the alerts.
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

// maxForm is how long a form may be.
const maxForm = 64 << 10

// MakeAlert answers a form by the alert that it makes. It is no typed function, for those
// take JSON.
func (a *API) MakeAlert(w http.ResponseWriter, r *http.Request) {
	made, err := a.makeAlert(w, r)
	if err != nil {
		tigertonic.ProblemWriter{}.WriteError(r, w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(made) // a client that is gone is no error
}

func (a *API) makeAlert(w http.ResponseWriter, r *http.Request) (Alert, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return Alert{}, problem(http.StatusBadRequest, "the form can't be read")
	}
	account, err := a.account(r.Context(), tigertonic.PathValue(r, "token"))
	if err != nil {
		return Alert{}, err
	}
	return a.NewAlert(r.Context(), account, r.PostForm.Get)
}

// NewAlert makes an alert of what a form says.
func (a *API) NewAlert(ctx context.Context, account store.Account, get func(name string) string) (Alert, error) {
	alert, err := ReadAlert(get)
	if err != nil {
		return Alert{}, bad(err)
	}
	if alert.Hook != "" {
		if err := a.Hook(alert.Hook); err != nil {
			return Alert{}, bad(err)
		}
	}
	stat, err := a.Store.StatOf(ctx, account.ID, get("stat_id"))
	if err != nil {
		return Alert{}, told(err, ErrNoStat())
	}
	existing, err := a.Store.Alerts(ctx, account.ID)
	if err != nil {
		return Alert{}, told(err, ErrNoStat())
	}
	if len(existing) >= maxAlerts {
		return Alert{}, problem(http.StatusConflict, "the account has as many alerts as it can have")
	}
	alert.Account, alert.Stat = account.ID, stat.ID
	made, err := a.Store.MakeAlert(ctx, a.Now().Unix(), alert)
	return newAlert(made), told(err, ErrNoAlert())
}

// maxAlerts is how many an account can have.
const maxAlerts = 1000

var errNumber = errors.New("the number isn't one")

// ReadAlert reads the fields of a form.
func ReadAlert(get func(name string) string) (a store.Alert, err error) {
	a = store.Alert{Kind: get("kind"), Window: get("time_window"), Hook: get("hook")}
	if !isWindow(a.Window) {
		return a, errors.New("time_window must be one of 5m, 1h, 3h, 1d, 1w, 1M and 1y")
	}
	switch a.Kind {
	case store.AlertData:
		return a, nil
	case store.AlertValue:
		a.Threshold, err = number(get("threshold"))
	case store.AlertDelta:
		if a.Percentage, err = number(get("percentage")); err == nil && a.Percentage < 0 {
			err = errors.New("percentage can't be negative")
		}
		if a.Delta = get("time_delta"); err == nil && !isWindow(a.Delta) {
			err = errors.New("time_delta must be one of 5m, 1h, 3h, 1d, 1w, 1M and 1y")
		}
	default:
		err = errors.New("kind must be value, delta or data")
	}
	if err != nil {
		return a, err
	}
	a.Operator, err = operator(a.Kind, get("operator"))
	return a, err
}

// operator returns an operator in words. Some clients have letters for them.
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

// DescribeMakeAlert describes MakeAlert for a document.
func DescribeMakeAlert(op *tigertonic.Operation) {
	op.ID, op.Summary, op.Tags = "make-alert", "Make an alert", []string{"alerts"}
	op.Description = "Fields of the other kinds are ignored. The operators may be gt, lt and dt."
	text := func(doc string) *schema.Schema {
		return &schema.Schema{Types: []string{"string"}, Description: doc}
	}
	number := &schema.Schema{Types: []string{"number"}}
	op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{
		"application/x-www-form-urlencoded": {Schema: &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{
			{Name: "stat_id", Required: true, Schema: text("The stat to watch.")},
			{Name: "kind", Required: true, Schema: text("value, delta or data.")},
			{Name: "time_window", Required: true, Schema: text("5m, 1h, 3h, 1d, 1w, 1M or 1y.")},
			{Name: "operator", Schema: text("greater than, less than or, of a delta, different than.")},
			{Name: "threshold", Schema: number},
			{Name: "percentage", Schema: number},
			{Name: "time_delta", Schema: text("As time_window.")},
			{Name: "hook", Schema: text("The URL of a webhook.")},
		}}},
	}}
	made := op.Response(http.StatusOK)
	made.Description = http.StatusText(http.StatusOK)
	made.Add("application/json", tigertonic.MediaType{Schema: tigertonic.SchemaOf[Alert]()})
	op.AddError(http.StatusBadRequest, "a field isn't valid")
	op.AddError(http.StatusForbidden, "the token isn't known")
	op.AddError(http.StatusNotFound, "there is no such stat")
	op.AddError(http.StatusConflict, "the account has as many alerts as it can have")
	op.AddError(http.StatusServiceUnavailable, "the database can't be used at the moment")
	if len(op.Parameters) == 0 {
		op.Parameters = append(op.Parameters, tigertonic.Parameter{Name: "token", In: "path", Required: true, Description: "A token of the account.", Schema: text("")})
	}
}
