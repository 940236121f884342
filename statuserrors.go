package tigertonic

import (
	"errors"
	"net/http"
)

// Err is the error in a status error. One without is answered with the text of
// its status, but its method Error mustn't be called.
type Err error

// A statusError is one of the types named after the statuses of HTTP. It holds
// the error that it gives a status to, by NotFound{err} or NotFound{Err: err},
// and has that error's text and name.
type statusError interface {
	HTTPEquivError
	NamedError
	Unwrap() error
}

// givenName returns the name that err, or an error it wraps, gives itself, or "".
func givenName(err error) string {
	if named, ok := errors.AsType[NamedError](err); ok {
		return named.Name()
	}
	return ""
}

// Continue is an error with status 100, which no final response has: it is answered
// with 500.
type Continue struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err Continue) Name() string { return givenName(err.Err) }

// StatusCode returns 100.
func (err Continue) StatusCode() int { return http.StatusContinue }

// Unwrap returns the error in it.
func (err Continue) Unwrap() error { return err.Err }

// SwitchingProtocols is an error with status 101, which no final response has: it is answered
// with 500.
type SwitchingProtocols struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err SwitchingProtocols) Name() string { return givenName(err.Err) }

// StatusCode returns 101.
func (err SwitchingProtocols) StatusCode() int { return http.StatusSwitchingProtocols }

// Unwrap returns the error in it.
func (err SwitchingProtocols) Unwrap() error { return err.Err }

// Processing is an error with status 102, which no final response has: it is answered
// with 500.
type Processing struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err Processing) Name() string { return givenName(err.Err) }

// StatusCode returns 102.
func (err Processing) StatusCode() int { return http.StatusProcessing }

// Unwrap returns the error in it.
func (err Processing) Unwrap() error { return err.Err }

// EarlyHints is an error with status 103, which no final response has: it is answered
// with 500.
type EarlyHints struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err EarlyHints) Name() string { return givenName(err.Err) }

// StatusCode returns 103.
func (err EarlyHints) StatusCode() int { return http.StatusEarlyHints }

// Unwrap returns the error in it.
func (err EarlyHints) Unwrap() error { return err.Err }

// OK is an error that is answered with status 200.
type OK struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err OK) Name() string { return givenName(err.Err) }

// StatusCode returns 200.
func (err OK) StatusCode() int { return http.StatusOK }

// Unwrap returns the error in it.
func (err OK) Unwrap() error { return err.Err }

// Created is an error that is answered with status 201.
type Created struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err Created) Name() string { return givenName(err.Err) }

// StatusCode returns 201.
func (err Created) StatusCode() int { return http.StatusCreated }

// Unwrap returns the error in it.
func (err Created) Unwrap() error { return err.Err }

// Accepted is an error that is answered with status 202.
type Accepted struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err Accepted) Name() string { return givenName(err.Err) }

// StatusCode returns 202.
func (err Accepted) StatusCode() int { return http.StatusAccepted }

// Unwrap returns the error in it.
func (err Accepted) Unwrap() error { return err.Err }

// NonAuthoritativeInfo is an error that is answered with status 203.
type NonAuthoritativeInfo struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err NonAuthoritativeInfo) Name() string { return givenName(err.Err) }

// StatusCode returns 203.
func (err NonAuthoritativeInfo) StatusCode() int { return http.StatusNonAuthoritativeInfo }

// Unwrap returns the error in it.
func (err NonAuthoritativeInfo) Unwrap() error { return err.Err }

// NoContent is an error that is answered with status 204.
type NoContent struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err NoContent) Name() string { return givenName(err.Err) }

// StatusCode returns 204.
func (err NoContent) StatusCode() int { return http.StatusNoContent }

// Unwrap returns the error in it.
func (err NoContent) Unwrap() error { return err.Err }

// ResetContent is an error that is answered with status 205.
type ResetContent struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err ResetContent) Name() string { return givenName(err.Err) }

// StatusCode returns 205.
func (err ResetContent) StatusCode() int { return http.StatusResetContent }

// Unwrap returns the error in it.
func (err ResetContent) Unwrap() error { return err.Err }

// PartialContent is an error that is answered with status 206.
type PartialContent struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err PartialContent) Name() string { return givenName(err.Err) }

// StatusCode returns 206.
func (err PartialContent) StatusCode() int { return http.StatusPartialContent }

// Unwrap returns the error in it.
func (err PartialContent) Unwrap() error { return err.Err }

// MultiStatus is an error that is answered with status 207.
type MultiStatus struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err MultiStatus) Name() string { return givenName(err.Err) }

// StatusCode returns 207.
func (err MultiStatus) StatusCode() int { return http.StatusMultiStatus }

// Unwrap returns the error in it.
func (err MultiStatus) Unwrap() error { return err.Err }

// AlreadyReported is an error that is answered with status 208.
type AlreadyReported struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err AlreadyReported) Name() string { return givenName(err.Err) }

// StatusCode returns 208.
func (err AlreadyReported) StatusCode() int { return http.StatusAlreadyReported }

// Unwrap returns the error in it.
func (err AlreadyReported) Unwrap() error { return err.Err }

// IMUsed is an error that is answered with status 226.
type IMUsed struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err IMUsed) Name() string { return givenName(err.Err) }

// StatusCode returns 226.
func (err IMUsed) StatusCode() int { return http.StatusIMUsed }

// Unwrap returns the error in it.
func (err IMUsed) Unwrap() error { return err.Err }

// MultipleChoices is an error that is answered with status 300.
type MultipleChoices struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err MultipleChoices) Name() string { return givenName(err.Err) }

// StatusCode returns 300.
func (err MultipleChoices) StatusCode() int { return http.StatusMultipleChoices }

// Unwrap returns the error in it.
func (err MultipleChoices) Unwrap() error { return err.Err }

// MovedPermanently is an error that is answered with status 301.
type MovedPermanently struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err MovedPermanently) Name() string { return givenName(err.Err) }

// StatusCode returns 301.
func (err MovedPermanently) StatusCode() int { return http.StatusMovedPermanently }

// Unwrap returns the error in it.
func (err MovedPermanently) Unwrap() error { return err.Err }

// Found is an error that is answered with status 302.
type Found struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err Found) Name() string { return givenName(err.Err) }

// StatusCode returns 302.
func (err Found) StatusCode() int { return http.StatusFound }

// Unwrap returns the error in it.
func (err Found) Unwrap() error { return err.Err }

// SeeOther is an error that is answered with status 303.
type SeeOther struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err SeeOther) Name() string { return givenName(err.Err) }

// StatusCode returns 303.
func (err SeeOther) StatusCode() int { return http.StatusSeeOther }

// Unwrap returns the error in it.
func (err SeeOther) Unwrap() error { return err.Err }

// NotModified is an error that is answered with status 304.
type NotModified struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err NotModified) Name() string { return givenName(err.Err) }

// StatusCode returns 304.
func (err NotModified) StatusCode() int { return http.StatusNotModified }

// Unwrap returns the error in it.
func (err NotModified) Unwrap() error { return err.Err }

// UseProxy is an error that is answered with status 305.
type UseProxy struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err UseProxy) Name() string { return givenName(err.Err) }

// StatusCode returns 305.
func (err UseProxy) StatusCode() int { return http.StatusUseProxy }

// Unwrap returns the error in it.
func (err UseProxy) Unwrap() error { return err.Err }

// TemporaryRedirect is an error that is answered with status 307.
type TemporaryRedirect struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err TemporaryRedirect) Name() string { return givenName(err.Err) }

// StatusCode returns 307.
func (err TemporaryRedirect) StatusCode() int { return http.StatusTemporaryRedirect }

// Unwrap returns the error in it.
func (err TemporaryRedirect) Unwrap() error { return err.Err }

// PermanentRedirect is an error that is answered with status 308.
type PermanentRedirect struct{ Err }

// Name returns the name of the error in it, if that has one.
func (err PermanentRedirect) Name() string { return givenName(err.Err) }

// StatusCode returns 308.
func (err PermanentRedirect) StatusCode() int { return http.StatusPermanentRedirect }

// Unwrap returns the error in it.
func (err PermanentRedirect) Unwrap() error { return err.Err }
