package tigertonic

import (
	"errors"
	"net/http"
)

// Err is the error in a status error. One without has the text of its status.
type Err error

// Each of the types named after the statuses of HTTP is an HTTPEquivError and a
// NamedError. It holds the error that it gives a status to, as in NotFound{Err: err},
// unwraps to it, and has its text and name. NotFound{err} is the same, but go vet asks
// for the name of the field.

// errorText returns the text of err, or of the status that there is without it.
func errorText(err error, status int) string {
	if err == nil {
		return http.StatusText(status)
	}
	return err.Error()
}

// givenName returns what the error in a status error has that called: the name that
// it gives itself, or an error it wraps, or that of its type if it is exported, or "".
func givenName(err error) string {
	if named, ok := errors.AsType[NamedError](err); ok {
		if name := named.Name(); name != "" {
			return name
		}
	}
	if err == nil {
		return ""
	}
	if equiv, ok := err.(HTTPEquivError); ok && SnakeCaseHTTPEquivErrors { //nolint:errorlint // one that is wrapped isn't what it is called by
		if text := http.StatusText(equiv.StatusCode()); text != "" {
			return snakeCase(text)
		}
	}
	return typeName(err)
}

// Continue is an error with status 100, which no final response has: it becomes a
// 500.
type Continue struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Continue) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Continue) Name() string { return givenName(err.Err) }

// StatusCode returns 100.
func (err Continue) StatusCode() int { return http.StatusContinue }

// Unwrap returns the wrapped error.
func (err Continue) Unwrap() error { return err.Err }

// SwitchingProtocols is an error with status 101, which no final response has: it becomes a
// 500.
type SwitchingProtocols struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err SwitchingProtocols) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err SwitchingProtocols) Name() string { return givenName(err.Err) }

// StatusCode returns 101.
func (err SwitchingProtocols) StatusCode() int { return http.StatusSwitchingProtocols }

// Unwrap returns the wrapped error.
func (err SwitchingProtocols) Unwrap() error { return err.Err }

// Processing is an error with status 102, which no final response has: it becomes a
// 500.
type Processing struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Processing) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Processing) Name() string { return givenName(err.Err) }

// StatusCode returns 102.
func (err Processing) StatusCode() int { return http.StatusProcessing }

// Unwrap returns the wrapped error.
func (err Processing) Unwrap() error { return err.Err }

// EarlyHints is an error with status 103, which no final response has: it becomes a
// 500.
type EarlyHints struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err EarlyHints) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err EarlyHints) Name() string { return givenName(err.Err) }

// StatusCode returns 103.
func (err EarlyHints) StatusCode() int { return http.StatusEarlyHints }

// Unwrap returns the wrapped error.
func (err EarlyHints) Unwrap() error { return err.Err }

// OK is an error with status 200.
type OK struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err OK) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err OK) Name() string { return givenName(err.Err) }

// StatusCode returns 200.
func (err OK) StatusCode() int { return http.StatusOK }

// Unwrap returns the wrapped error.
func (err OK) Unwrap() error { return err.Err }

// Created is an error with status 201.
type Created struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Created) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Created) Name() string { return givenName(err.Err) }

// StatusCode returns 201.
func (err Created) StatusCode() int { return http.StatusCreated }

// Unwrap returns the wrapped error.
func (err Created) Unwrap() error { return err.Err }

// Accepted is an error with status 202.
type Accepted struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Accepted) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Accepted) Name() string { return givenName(err.Err) }

// StatusCode returns 202.
func (err Accepted) StatusCode() int { return http.StatusAccepted }

// Unwrap returns the wrapped error.
func (err Accepted) Unwrap() error { return err.Err }

// NonAuthoritativeInfo is an error with status 203.
type NonAuthoritativeInfo struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NonAuthoritativeInfo) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NonAuthoritativeInfo) Name() string { return givenName(err.Err) }

// StatusCode returns 203.
func (err NonAuthoritativeInfo) StatusCode() int { return http.StatusNonAuthoritativeInfo }

// Unwrap returns the wrapped error.
func (err NonAuthoritativeInfo) Unwrap() error { return err.Err }

// NoContent is an error with status 204.
type NoContent struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NoContent) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NoContent) Name() string { return givenName(err.Err) }

// StatusCode returns 204.
func (err NoContent) StatusCode() int { return http.StatusNoContent }

// Unwrap returns the wrapped error.
func (err NoContent) Unwrap() error { return err.Err }

// ResetContent is an error with status 205.
type ResetContent struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err ResetContent) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err ResetContent) Name() string { return givenName(err.Err) }

// StatusCode returns 205.
func (err ResetContent) StatusCode() int { return http.StatusResetContent }

// Unwrap returns the wrapped error.
func (err ResetContent) Unwrap() error { return err.Err }

// PartialContent is an error with status 206.
type PartialContent struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err PartialContent) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err PartialContent) Name() string { return givenName(err.Err) }

// StatusCode returns 206.
func (err PartialContent) StatusCode() int { return http.StatusPartialContent }

// Unwrap returns the wrapped error.
func (err PartialContent) Unwrap() error { return err.Err }

// MultiStatus is an error with status 207.
type MultiStatus struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err MultiStatus) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err MultiStatus) Name() string { return givenName(err.Err) }

// StatusCode returns 207.
func (err MultiStatus) StatusCode() int { return http.StatusMultiStatus }

// Unwrap returns the wrapped error.
func (err MultiStatus) Unwrap() error { return err.Err }

// AlreadyReported is an error with status 208.
type AlreadyReported struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err AlreadyReported) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err AlreadyReported) Name() string { return givenName(err.Err) }

// StatusCode returns 208.
func (err AlreadyReported) StatusCode() int { return http.StatusAlreadyReported }

// Unwrap returns the wrapped error.
func (err AlreadyReported) Unwrap() error { return err.Err }

// IMUsed is an error with status 226.
type IMUsed struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err IMUsed) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err IMUsed) Name() string { return givenName(err.Err) }

// StatusCode returns 226.
func (err IMUsed) StatusCode() int { return http.StatusIMUsed }

// Unwrap returns the wrapped error.
func (err IMUsed) Unwrap() error { return err.Err }

// MultipleChoices is an error with status 300.
type MultipleChoices struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err MultipleChoices) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err MultipleChoices) Name() string { return givenName(err.Err) }

// StatusCode returns 300.
func (err MultipleChoices) StatusCode() int { return http.StatusMultipleChoices }

// Unwrap returns the wrapped error.
func (err MultipleChoices) Unwrap() error { return err.Err }

// MovedPermanently is an error with status 301.
type MovedPermanently struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err MovedPermanently) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err MovedPermanently) Name() string { return givenName(err.Err) }

// StatusCode returns 301.
func (err MovedPermanently) StatusCode() int { return http.StatusMovedPermanently }

// Unwrap returns the wrapped error.
func (err MovedPermanently) Unwrap() error { return err.Err }

// Found is an error with status 302.
type Found struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Found) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Found) Name() string { return givenName(err.Err) }

// StatusCode returns 302.
func (err Found) StatusCode() int { return http.StatusFound }

// Unwrap returns the wrapped error.
func (err Found) Unwrap() error { return err.Err }

// SeeOther is an error with status 303.
type SeeOther struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err SeeOther) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err SeeOther) Name() string { return givenName(err.Err) }

// StatusCode returns 303.
func (err SeeOther) StatusCode() int { return http.StatusSeeOther }

// Unwrap returns the wrapped error.
func (err SeeOther) Unwrap() error { return err.Err }

// NotModified is an error with status 304.
type NotModified struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NotModified) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NotModified) Name() string { return givenName(err.Err) }

// StatusCode returns 304.
func (err NotModified) StatusCode() int { return http.StatusNotModified }

// Unwrap returns the wrapped error.
func (err NotModified) Unwrap() error { return err.Err }

// UseProxy is an error with status 305.
type UseProxy struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err UseProxy) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err UseProxy) Name() string { return givenName(err.Err) }

// StatusCode returns 305.
func (err UseProxy) StatusCode() int { return http.StatusUseProxy }

// Unwrap returns the wrapped error.
func (err UseProxy) Unwrap() error { return err.Err }

// TemporaryRedirect is an error with status 307.
type TemporaryRedirect struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err TemporaryRedirect) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err TemporaryRedirect) Name() string { return givenName(err.Err) }

// StatusCode returns 307.
func (err TemporaryRedirect) StatusCode() int { return http.StatusTemporaryRedirect }

// Unwrap returns the wrapped error.
func (err TemporaryRedirect) Unwrap() error { return err.Err }

// PermanentRedirect is an error with status 308.
type PermanentRedirect struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err PermanentRedirect) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err PermanentRedirect) Name() string { return givenName(err.Err) }

// StatusCode returns 308.
func (err PermanentRedirect) StatusCode() int { return http.StatusPermanentRedirect }

// Unwrap returns the wrapped error.
func (err PermanentRedirect) Unwrap() error { return err.Err }
