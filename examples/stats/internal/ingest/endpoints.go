package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// Endpoints receive numbers from clients.
type Endpoints struct {
	accounts  Accounts
	committer *Committer
	now       func() time.Time
	ackBody   bool
	targets   targets
	bodies    *bodyReader
}

// Options configure Endpoints.
type Options struct {
	AckBody bool    // acknowledge by 200 with a body, as until 2017, and not by 204
	Rate    float64 // samples a second that an account may send, or 0 for any number
	Now     func() time.Time
}

// New returns endpoints that write to a committer.
func New(a Accounts, c *Committer, o Options) *Endpoints {
	return &Endpoints{
		accounts: a, committer: c, now: o.Now, ackBody: o.AckBody, bodies: newBodyReader(),
		targets: targets{now: o.Now, rate: o.Rate},
	}
}

// A request is what a client asks for.
type request struct {
	query, form url.Values
	body        *body
	key         string // of idempotency
	verbose     bool
}

// get returns a parameter of the form or the query, where some clients put everything
// though they POST.
func (rq *request) get(name string) string {
	if value := rq.form.Get(name); value != "" {
		return value
	}
	return rq.query.Get(name)
}

// A refusal is a response other than an acknowledgement.
type refusal struct {
	Status int         `json:"status"`
	Msg    string      `json:"msg"`
	Errors []itemError `json:"errors,omitempty"`

	retryAfter int // seconds
}

// An itemError is what is wrong with an element of a batch.
type itemError struct {
	I   int    `json:"i"`
	Msg string `json:"msg"`
}

// Error returns the message.
func (r *refusal) Error() string { return r.Msg }

func refuse(status int, msg string) error { return &refusal{Status: status, Msg: msg} }

// EZ serves /ez: stats by name, which are created if they don't exist.
func (e *Endpoints) EZ(w http.ResponseWriter, r *http.Request) { e.serve(w, r, e.ez) }

// Count serves /c: a count for an existing stat.
func (e *Endpoints) Count(w http.ResponseWriter, r *http.Request) { e.serve(w, r, e.classic("count")) }

// Value serves /v: a value for an existing stat.
func (e *Endpoints) Value(w http.ResponseWriter, r *http.Request) { e.serve(w, r, e.classic("value")) }

func (e *Endpoints) serve(w http.ResponseWriter, r *http.Request, take func(context.Context, *request) (store.Write, error)) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead { // which isn't to count
		w.Header().Set("Allow", "GET, POST")
		answer(w, refuse(http.StatusMethodNotAllowed, "only GET and POST count"))
		return
	}
	rq, err := e.read(r)
	if rq.body != nil {
		defer rq.body.release()
	}
	if err == nil {
		err = e.store(r.Context(), rq, take)
	}
	switch {
	case err != nil && r.Context().Err() != nil:
	case err != nil:
		answer(w, err)
	case rq.verbose || e.ackBody || rq.body.isJSON:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"status":200,"msg":"ok"}`))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// read reads a request.
func (e *Endpoints) read(r *http.Request) (rq *request, err error) {
	rq = &request{key: r.Header.Get("Idempotency-Key")}
	if rq.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return rq, refuse(http.StatusBadRequest, "the query can't be read")
	}
	if rq.body, err = e.bodies.read(r); err != nil {
		return rq, err
	}
	if !rq.body.isJSON {
		if rq.form, err = url.ParseQuery(string(rq.body.text)); err != nil {
			return rq, refuse(http.StatusBadRequest, "the form can't be read")
		}
	}
	if len(rq.key) > 128 {
		return rq, refuse(http.StatusBadRequest, "the Idempotency-Key is too long")
	}
	rq.verbose = rq.get("vb") == "1"
	return rq, nil
}

// store returns once the request's samples are stored.
func (e *Endpoints) store(ctx context.Context, rq *request, take func(context.Context, *request) (store.Write, error)) error {
	write, err := take(ctx, rq)
	if err != nil {
		return err
	}
	if wait := e.targets.wait(write.Account, len(write.Samples)); wait > 0 {
		return &refusal{Status: http.StatusTooManyRequests, Msg: "there are too many samples", retryAfter: int(math.Ceil(wait.Seconds()))}
	}
	if rq.key != "" {
		hash := sha256.New()
		_, _ = hash.Write([]byte(rq.query.Encode() + "\n")) // never fails
		_, _ = hash.Write(rq.body.text)
		write.Key, write.Digest = strings.ToValidUTF8(rq.key, "?"), hash.Sum(nil)
	}
	err = e.committer.Submit(ctx, write)
	if mismatch, ok := errors.AsType[*store.Mismatch](err); ok && rq.body.isJSON {
		return refuseItems(write.Samples, mismatch)
	}
	return err
}

// refuseItems returns an error that lists the elements of a batch that aren't of their
// stat's kind.
func refuseItems(samples []store.Sample, mismatch *store.Mismatch) error {
	r := &refusal{Status: http.StatusBadRequest, Msg: nothingStored}
	for _, i := range mismatch.Samples {
		it := samples[i].Item
		if n := len(r.Errors); n < maxErrors && (n == 0 || r.Errors[n-1].I != it) {
			r.Errors = append(r.Errors, itemError{it, mismatch.Error()})
		}
	}
	return r
}

const nothingStored = "nothing stored"

// A batch is a body in JSON.
type batch struct {
	EZKey string `json:"ezkey"`
	Email string `json:"email"`
	Data  []item `json:"data"`
	item         // for one stat, its members are those of the body
}

func (e *Endpoints) ez(ctx context.Context, rq *request) (w store.Write, err error) {
	var b batch
	if rq.body.isJSON {
		if err := jsonv2.Unmarshal(rq.body.text, &b); err != nil {
			return w, refuse(http.StatusBadRequest, "the body isn't JSON of the form {\"ezkey\":…,\"data\":[…]}")
		}
	}
	key := b.EZKey
	for _, other := range []string{b.Email, rq.get("ezkey"), rq.get("email")} {
		if key == "" {
			key = other
		}
	}
	if key == "" {
		return w, refuse(http.StatusForbidden, "there is no ezkey")
	}
	account, err := e.targets.get("ez "+key, func() (target, error) { return lookUpKey(ctx, e.accounts, key) })
	if err != nil {
		return w, err
	}
	if account.refused != "" {
		return w, refuse(http.StatusForbidden, account.refused)
	}
	w.Account = account.account
	now := e.now().Unix()
	if b.Data != nil {
		w.Samples, err = b.samples(now)
		return w, err
	}
	one := b.item
	if !rq.body.isJSON || one.Stat == "" {
		if one, err = rq.item(rq.get("stat"), "count", "value"); err != nil {
			return w, refuse(http.StatusBadRequest, err.Error())
		}
	}
	if w.Samples, err = one.samples(nil, now); err != nil {
		return w, refuse(statusOf(err), err.Error())
	}
	return w, nil
}

func statusOf(err error) int {
	if errors.Is(err, errMany) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// samples returns the samples of a batch, or an error if any element is wrong.
func (b *batch) samples(now int64) (all []store.Sample, err error) {
	if len(b.Data) > maxSamples {
		return nil, refuse(http.StatusRequestEntityTooLarge, errMany.Error())
	}
	refused := &refusal{Status: http.StatusBadRequest, Msg: nothingStored}
	all = make([]store.Sample, 0, len(b.Data))
	for i := range b.Data {
		n := len(all)
		if all, err = b.Data[i].samples(all, now); errors.Is(err, errMany) {
			return nil, refuse(http.StatusRequestEntityTooLarge, errMany.Error())
		}
		if err != nil && len(refused.Errors) < maxErrors {
			refused.Errors = append(refused.Errors, itemError{i, err.Error()})
		}
		for j := n; j < len(all); j++ {
			all[j].Item = i
		}
	}
	if len(refused.Errors) > 0 {
		return nil, refused
	}
	return all, nil
}

// maxErrors is how many wrong elements of a batch a response lists.
const maxErrors = 100

// item reads one stat from a form. numbers are the names of the fields that may have its
// number.
func (rq *request) item(stat string, numbers ...string) (it item, err error) {
	it.Stat = stat
	for _, name := range numbers {
		text := rq.get(name)
		if text == "" {
			continue
		}
		value, err := number(text)
		if err != nil {
			return it, err
		}
		if name == "count" {
			it.Count = &value
		} else {
			it.Value = &value
		}
	}
	if text := rq.get("t"); text != "" {
		t, err := seconds(text)
		if err != nil {
			return it, err
		}
		it.T = &t
	}
	return it, nil
}

func (e *Endpoints) classic(number string) func(context.Context, *request) (store.Write, error) {
	return func(ctx context.Context, rq *request) (w store.Write, err error) {
		if rq.body.isJSON {
			return w, refuse(http.StatusUnsupportedMediaType, "only /ez takes JSON")
		}
		userKey, key := rq.get("ukey"), rq.get("key")
		stat, err := e.targets.get("classic "+strconv.Quote(userKey)+key, func() (target, error) { return lookUpClassic(ctx, e.accounts, userKey, key) })
		switch {
		case err != nil:
			return w, err
		case stat.refused != "":
			return w, refuse(http.StatusForbidden, stat.refused)
		case stat.counter != (number == "count"):
			return w, &store.Mismatch{}
		}
		one, err := rq.item("of its own", number)
		if err != nil {
			return w, refuse(http.StatusBadRequest, err.Error())
		}
		if w.Samples, err = one.samples(nil, e.now().Unix()); err != nil {
			return w, refuse(http.StatusBadRequest, err.Error())
		}
		w.Account, w.Samples[0].Name, w.Samples[0].Stat = stat.account, "", stat.stat
		return w, nil
	}
}

// answer says why a request isn't acknowledged.
func answer(w http.ResponseWriter, err error) {
	r := refusalOf(err)
	h := w.Header()
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(r.Status)
	text, _ := json.Marshal(r) // it is made of numbers and strings
	_, _ = w.Write(text)
}

// refusalOf returns the response to an error.
func refusalOf(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	switch {
	case errors.Is(err, errLong):
		return &refusal{Status: http.StatusRequestEntityTooLarge, Msg: err.Error()}
	case errors.Is(err, errMedia):
		return &refusal{Status: http.StatusUnsupportedMediaType, Msg: err.Error()}
	case errors.Is(err, errBody), errors.As(err, new(*store.Mismatch)):
		return &refusal{Status: http.StatusBadRequest, Msg: err.Error()}
	case errors.Is(err, store.ErrOtherRequest):
		return &refusal{Status: http.StatusConflict, Msg: err.Error()}
	case errors.Is(err, errHeavy), errors.Is(err, ErrBusy):
		return &refusal{Status: http.StatusServiceUnavailable, Msg: err.Error(), retryAfter: 1}
	}
	return &refusal{Status: http.StatusServiceUnavailable, Msg: "nothing can be stored at the moment", retryAfter: 1}
}
