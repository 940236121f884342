// Package jobs is com.hailocab.service.job: the life of a job, from a customer who wants a
// taxi to the end of the ride. Jobs are kept in a database, which decides who wins when two
// drivers accept at once, and from which a dispatcher carries on when another one has died.
package jobs

import (
	"context"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// Name is the service's.
const Name = "com.hailocab.service.job"

// The endpoints of the service.
//
//nolint:gochecknoglobals // declarations, which never change
var (
	Create   = tigertonic.Declare[CreateIn, tigertonic.AcceptedResponse[Job]]("POST", "/create")
	Show     = tigertonic.Declare[OneJob, Job]("GET", "/show/{id}")
	Accept   = tigertonic.Declare[DriverIn, Job]("POST", "/accept/{id}")
	Decline  = tigertonic.Declare[DriverIn, Job]("POST", "/decline/{id}")
	Arrive   = tigertonic.Declare[DriverIn, Job]("POST", "/arrive/{id}")
	Board    = tigertonic.Declare[DriverIn, Job]("POST", "/board/{id}")
	Complete = tigertonic.Declare[DriverIn, Job]("POST", "/complete/{id}")
	Cancel   = tigertonic.Declare[CancelIn, Job]("POST", "/cancel/{id}")
	Offers   = tigertonic.Declare[OffersIn, []Offer]("GET", "/offers")
	Active   = tigertonic.Declare[ActiveIn, []Job]("GET", "/active")
)

// The states of a job.
const (
	Requested = "requested"
	Offered   = "offered"
	Accepted  = "accepted"
	Arrived   = "arrived"
	OnTrip    = "on_trip"
	Completed = "complete"
	Cancelled = "cancelled"
	Expired   = "expired"
)

// A Job is a ride, at some point of its life.
type Job struct {
	ID       string    `json:"id" doc:"What it is known by." example:"J7fK2p"`
	Customer string    `json:"customer" doc:"Who wants it." example:"c1"`
	Lat      float64   `json:"lat" doc:"Where it begins." example:"53.34"`
	Lng      float64   `json:"lng" doc:"Where it begins." example:"-6.26"`
	Service  string    `json:"service" doc:"What was ordered." example:"taxi"`
	State    string    `json:"state" enum:"requested,offered,accepted,arrived,on_trip,complete,cancelled,expired" doc:"How far it is."`
	Driver   string    `json:"driver,omitempty" doc:"Who has accepted it." example:"d7"`
	Offered  []string  `json:"offered" doc:"The drivers who can accept it now."`
	Created  time.Time `json:"created" doc:"When it was asked for."`
	Changed  time.Time `json:"changed" doc:"When it came into this state."`
}

// OneJob is embedded in every input that names a job.
type OneJob struct {
	ID string `path:"id" pattern:"^J[A-Za-z0-9]{1,32}$" doc:"The job." example:"J7fK2p"`
}

// CreateIn asks for a ride.
type CreateIn struct {
	Key  string `header:"Idempotency-Key" pattern:"^[!-~]{1,64}$" doc:"A key that the client uses for this request only. With it, the request can safely be repeated." example:"3f1c2b9e"`
	Body NewJob `body:""`
}

// A NewJob is what a customer orders.
type NewJob struct {
	Customer string  `json:"customer" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"Who wants it." example:"c1"`
	Lat      float64 `json:"lat" minimum:"-90" maximum:"90" doc:"Where it begins." example:"53.34"`
	Lng      float64 `json:"lng" minimum:"-180" maximum:"180" doc:"Where it begins." example:"-6.26"`
	Service  string  `json:"service" enum:"taxi,estate,van" doc:"What is ordered."`
}

// DriverIn is what a driver does with a job.
type DriverIn struct {
	OneJob
	Body ByDriver `body:""`
}

// ByDriver says who it is.
type ByDriver struct {
	Driver string `json:"driver" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"Who does it." example:"d7"`
}

// CancelIn is what a customer does with a job.
type CancelIn struct {
	OneJob
	Body ByCustomer `body:""`
}

// ByCustomer says who it is.
type ByCustomer struct {
	Customer string `json:"customer" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"Who does it." example:"c1"`
}

// OffersIn asks for offers that can be accepted.
type OffersIn struct {
	N int `query:"n" default:"100" minimum:"1" maximum:"1000" doc:"How many."`
}

// An Offer is to one driver.
type Offer struct {
	Job    string    `json:"job" doc:"What is offered." example:"J7fK2p"`
	Driver string    `json:"driver" doc:"The driver." example:"d7"`
	Until  time.Time `json:"until" doc:"Until when."`
}

// ActiveIn asks for jobs that aren't over, or only just.
type ActiveIn struct {
	N int `query:"n" default:"50" minimum:"1" maximum:"500" doc:"How many."`
}

// Config is the service's configuration.
type Config struct {
	CycleSeconds  float64 `json:"cycleSeconds"`  // how long a driver has to answer
	ExpirySeconds float64 `json:"expirySeconds"` // how long a job waits for a driver
	AtOnce        int     `json:"atOnce"`        // to how many drivers it is offered at a time
}

// Path is where its configuration is.
const Path = "hailo.service.job"

// A Service is the job service.
type Service struct {
	node    *rpc.Node
	store   *Store
	config  *config.Watcher[Config]
	nearest *client.Client
	now     func() time.Time
}

// New returns a service on a store, which calls others by a node.
func New(n *rpc.Node, store *Store, c *config.Watcher[Config], now func() time.Time) *Service {
	return &Service{n, store, c, n.Client(Name, nearest.Name), now}
}

// Endpoints are those that the public API passes on unchanged, by their names here.
func (s *Service) Endpoints() map[string]*tigertonic.Endpoint {
	typed := func(e *tigertonic.Endpoint, id, summary string, errs ...error) *tigertonic.Endpoint {
		return e.OperationID(id).Summary(summary).Tags("jobs").Errors(append(errs, errNoJob(), errUnavailable())...)
	}
	return map[string]*tigertonic.Endpoint{
		"create":   Create.Typed(s.create).OperationID("create-job").Summary("Order a taxi").Tags("jobs").Errors(errOtherRequest(), errUnavailable()),
		"show":     typed(Show.Typed(s.show), "show-job", "Show a job"),
		"accept":   typed(Accept.Typed(s.accept), "accept-job", "Accept a job", errNotOffered()).Description("Exactly one driver can. Accepting it again changes nothing."),
		"decline":  typed(Decline.Typed(s.decline), "decline-job", "Decline a job", errNotOffered()),
		"arrive":   typed(Arrive.Typed(s.move(Accepted, Arrived)), "arrive-at-job", "Report that the driver has arrived", errWrongState()),
		"board":    typed(Board.Typed(s.move(Arrived, OnTrip)), "board-job", "Report that the ride has begun", errWrongState()),
		"complete": typed(Complete.Typed(s.move(OnTrip, Completed)), "complete-job", "Report that the ride is over", errWrongState()),
		"cancel":   typed(Cancel.Typed(s.cancel), "cancel-job", "Cancel a job", errWrongState()),
		"offers":   Offers.Typed(s.offers).OperationID("list-offers").Summary("List offers that can be accepted").Tags("jobs").Errors(errUnavailable()),
		"active":   Active.Typed(s.active).OperationID("list-active-jobs").Summary("List the jobs in progress").Tags("jobs").Errors(errUnavailable()),
	}
}

// Handler returns the service's tree.
func (s *Service) Handler() http.Handler {
	mux, all := tigertonic.NewTrieServeMux(), s.Endpoints()
	Create.Handle(mux, all["create"])
	Show.Handle(mux, all["show"])
	Accept.Handle(mux, all["accept"])
	Decline.Handle(mux, all["decline"])
	Arrive.Handle(mux, all["arrive"])
	Board.Handle(mux, all["board"])
	Complete.Handle(mux, all["complete"])
	Cancel.Handle(mux, all["cancel"])
	Offers.Handle(mux, all["offers"])
	Active.Handle(mux, all["active"])
	return mux
}

func errNoJob() error {
	return rpc.Fail(http.StatusNotFound, Name+".nojob", "there is no such job")
}

func errNotOffered() error {
	return rpc.Fail(http.StatusConflict, Name+".notoffered", "the job isn't offered to this driver, or no longer")
}

func errBusy() error {
	return rpc.Fail(http.StatusConflict, Name+".busy", "the driver has another job")
}

func errWrongState() error {
	return rpc.Fail(http.StatusConflict, Name+".state", "the job's state doesn't allow it")
}

func errOtherRequest() error {
	return rpc.Fail(http.StatusConflict, Name+".key", "this Idempotency-Key was used by another request")
}

func errUnavailable() error {
	return rpc.Busy(Name+".unavailable", "the database is unavailable")
}

func (s *Service) create(ctx context.Context, in *CreateIn) (tigertonic.AcceptedResponse[Job], error) {
	const idLength = 12
	now := s.now()
	expiry := time.Duration(s.config.Get().ExpirySeconds * float64(time.Second))
	j, err := s.store.create(ctx, "J"+tigertonic.RandomBase62String(idLength), in.Key, in.Body, now, now.Add(expiry))
	return tigertonic.AcceptedResponse[Job]{Location: "/v1/jobs/" + j.ID, Body: j}, err
}

func (s *Service) show(ctx context.Context, in *OneJob) (Job, error) {
	return s.store.show(ctx, in.ID, s.now())
}

func (s *Service) accept(ctx context.Context, in *DriverIn) (Job, error) {
	return s.store.accept(ctx, in.ID, in.Body.Driver, s.now())
}

func (s *Service) decline(ctx context.Context, in *DriverIn) (Job, error) {
	return s.store.decline(ctx, in.ID, in.Body.Driver, s.now())
}

// move returns a function with which the driver of a job moves it from one state to the
// next.
func (s *Service) move(from, to string) func(context.Context, *DriverIn) (Job, error) {
	return func(ctx context.Context, in *DriverIn) (Job, error) {
		return s.store.move(ctx, in.ID, in.Body.Driver, from, to, s.now())
	}
}

func (s *Service) cancel(ctx context.Context, in *CancelIn) (Job, error) {
	return s.store.cancel(ctx, in.ID, in.Body.Customer, s.now())
}

func (s *Service) offers(ctx context.Context, in *OffersIn) ([]Offer, error) {
	return s.store.offers(ctx, in.N, s.now())
}

func (s *Service) active(ctx context.Context, in *ActiveIn) ([]Job, error) {
	return s.store.active(ctx, in.N, s.now())
}
