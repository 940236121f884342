package tigertonic

import "net/http"

// BadRequest is an error with status 400.
type BadRequest struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err BadRequest) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err BadRequest) Name() string { return givenName(err.Err) }

// StatusCode returns 400.
func (err BadRequest) StatusCode() int { return http.StatusBadRequest }

// Unwrap returns the wrapped error.
func (err BadRequest) Unwrap() error { return err.Err }

// Unauthorized is an error with status 401.
type Unauthorized struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Unauthorized) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Unauthorized) Name() string { return givenName(err.Err) }

// StatusCode returns 401.
func (err Unauthorized) StatusCode() int { return http.StatusUnauthorized }

// Unwrap returns the wrapped error.
func (err Unauthorized) Unwrap() error { return err.Err }

// PaymentRequired is an error with status 402.
type PaymentRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err PaymentRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err PaymentRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 402.
func (err PaymentRequired) StatusCode() int { return http.StatusPaymentRequired }

// Unwrap returns the wrapped error.
func (err PaymentRequired) Unwrap() error { return err.Err }

// Forbidden is an error with status 403.
type Forbidden struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Forbidden) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Forbidden) Name() string { return givenName(err.Err) }

// StatusCode returns 403.
func (err Forbidden) StatusCode() int { return http.StatusForbidden }

// Unwrap returns the wrapped error.
func (err Forbidden) Unwrap() error { return err.Err }

// NotFound is an error with status 404.
type NotFound struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NotFound) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NotFound) Name() string { return givenName(err.Err) }

// StatusCode returns 404.
func (err NotFound) StatusCode() int { return http.StatusNotFound }

// Unwrap returns the wrapped error.
func (err NotFound) Unwrap() error { return err.Err }

// MethodNotAllowed is an error with status 405.
type MethodNotAllowed struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err MethodNotAllowed) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err MethodNotAllowed) Name() string { return givenName(err.Err) }

// StatusCode returns 405.
func (err MethodNotAllowed) StatusCode() int { return http.StatusMethodNotAllowed }

// Unwrap returns the wrapped error.
func (err MethodNotAllowed) Unwrap() error { return err.Err }

// NotAcceptable is an error with status 406.
type NotAcceptable struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NotAcceptable) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NotAcceptable) Name() string { return givenName(err.Err) }

// StatusCode returns 406.
func (err NotAcceptable) StatusCode() int { return http.StatusNotAcceptable }

// Unwrap returns the wrapped error.
func (err NotAcceptable) Unwrap() error { return err.Err }

// ProxyAuthRequired is an error with status 407.
type ProxyAuthRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err ProxyAuthRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err ProxyAuthRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 407.
func (err ProxyAuthRequired) StatusCode() int { return http.StatusProxyAuthRequired }

// Unwrap returns the wrapped error.
func (err ProxyAuthRequired) Unwrap() error { return err.Err }

// RequestTimeout is an error with status 408.
type RequestTimeout struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err RequestTimeout) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err RequestTimeout) Name() string { return givenName(err.Err) }

// StatusCode returns 408.
func (err RequestTimeout) StatusCode() int { return http.StatusRequestTimeout }

// Unwrap returns the wrapped error.
func (err RequestTimeout) Unwrap() error { return err.Err }

// Conflict is an error with status 409.
type Conflict struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Conflict) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Conflict) Name() string { return givenName(err.Err) }

// StatusCode returns 409.
func (err Conflict) StatusCode() int { return http.StatusConflict }

// Unwrap returns the wrapped error.
func (err Conflict) Unwrap() error { return err.Err }

// Gone is an error with status 410.
type Gone struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Gone) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Gone) Name() string { return givenName(err.Err) }

// StatusCode returns 410.
func (err Gone) StatusCode() int { return http.StatusGone }

// Unwrap returns the wrapped error.
func (err Gone) Unwrap() error { return err.Err }

// LengthRequired is an error with status 411.
type LengthRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err LengthRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err LengthRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 411.
func (err LengthRequired) StatusCode() int { return http.StatusLengthRequired }

// Unwrap returns the wrapped error.
func (err LengthRequired) Unwrap() error { return err.Err }

// PreconditionFailed is an error with status 412.
type PreconditionFailed struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err PreconditionFailed) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err PreconditionFailed) Name() string { return givenName(err.Err) }

// StatusCode returns 412.
func (err PreconditionFailed) StatusCode() int { return http.StatusPreconditionFailed }

// Unwrap returns the wrapped error.
func (err PreconditionFailed) Unwrap() error { return err.Err }

// RequestEntityTooLarge is an error with status 413.
type RequestEntityTooLarge struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err RequestEntityTooLarge) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err RequestEntityTooLarge) Name() string { return givenName(err.Err) }

// StatusCode returns 413.
func (err RequestEntityTooLarge) StatusCode() int { return http.StatusRequestEntityTooLarge }

// Unwrap returns the wrapped error.
func (err RequestEntityTooLarge) Unwrap() error { return err.Err }

// RequestURITooLong is an error with status 414.
type RequestURITooLong struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err RequestURITooLong) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err RequestURITooLong) Name() string { return givenName(err.Err) }

// StatusCode returns 414.
func (err RequestURITooLong) StatusCode() int { return http.StatusRequestURITooLong }

// Unwrap returns the wrapped error.
func (err RequestURITooLong) Unwrap() error { return err.Err }

// UnsupportedMediaType is an error with status 415.
type UnsupportedMediaType struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err UnsupportedMediaType) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err UnsupportedMediaType) Name() string { return givenName(err.Err) }

// StatusCode returns 415.
func (err UnsupportedMediaType) StatusCode() int { return http.StatusUnsupportedMediaType }

// Unwrap returns the wrapped error.
func (err UnsupportedMediaType) Unwrap() error { return err.Err }

// RequestedRangeNotSatisfiable is an error with status 416.
type RequestedRangeNotSatisfiable struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err RequestedRangeNotSatisfiable) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err RequestedRangeNotSatisfiable) Name() string { return givenName(err.Err) }

// StatusCode returns 416.
func (err RequestedRangeNotSatisfiable) StatusCode() int {
	return http.StatusRequestedRangeNotSatisfiable
}

// Unwrap returns the wrapped error.
func (err RequestedRangeNotSatisfiable) Unwrap() error { return err.Err }

// ExpectationFailed is an error with status 417.
type ExpectationFailed struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err ExpectationFailed) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err ExpectationFailed) Name() string { return givenName(err.Err) }

// StatusCode returns 417.
func (err ExpectationFailed) StatusCode() int { return http.StatusExpectationFailed }

// Unwrap returns the wrapped error.
func (err ExpectationFailed) Unwrap() error { return err.Err }

// Teapot is an error with status 418.
type Teapot struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Teapot) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Teapot) Name() string { return givenName(err.Err) }

// StatusCode returns 418.
func (err Teapot) StatusCode() int { return http.StatusTeapot }

// Unwrap returns the wrapped error.
func (err Teapot) Unwrap() error { return err.Err }

// MisdirectedRequest is an error with status 421.
type MisdirectedRequest struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err MisdirectedRequest) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err MisdirectedRequest) Name() string { return givenName(err.Err) }

// StatusCode returns 421.
func (err MisdirectedRequest) StatusCode() int { return http.StatusMisdirectedRequest }

// Unwrap returns the wrapped error.
func (err MisdirectedRequest) Unwrap() error { return err.Err }

// UnprocessableEntity is an error with status 422.
type UnprocessableEntity struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err UnprocessableEntity) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err UnprocessableEntity) Name() string { return givenName(err.Err) }

// StatusCode returns 422.
func (err UnprocessableEntity) StatusCode() int { return http.StatusUnprocessableEntity }

// Unwrap returns the wrapped error.
func (err UnprocessableEntity) Unwrap() error { return err.Err }

// Locked is an error with status 423.
type Locked struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err Locked) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err Locked) Name() string { return givenName(err.Err) }

// StatusCode returns 423.
func (err Locked) StatusCode() int { return http.StatusLocked }

// Unwrap returns the wrapped error.
func (err Locked) Unwrap() error { return err.Err }

// FailedDependency is an error with status 424.
type FailedDependency struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err FailedDependency) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err FailedDependency) Name() string { return givenName(err.Err) }

// StatusCode returns 424.
func (err FailedDependency) StatusCode() int { return http.StatusFailedDependency }

// Unwrap returns the wrapped error.
func (err FailedDependency) Unwrap() error { return err.Err }

// TooEarly is an error with status 425.
type TooEarly struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err TooEarly) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err TooEarly) Name() string { return givenName(err.Err) }

// StatusCode returns 425.
func (err TooEarly) StatusCode() int { return http.StatusTooEarly }

// Unwrap returns the wrapped error.
func (err TooEarly) Unwrap() error { return err.Err }

// UpgradeRequired is an error with status 426.
type UpgradeRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err UpgradeRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err UpgradeRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 426.
func (err UpgradeRequired) StatusCode() int { return http.StatusUpgradeRequired }

// Unwrap returns the wrapped error.
func (err UpgradeRequired) Unwrap() error { return err.Err }

// PreconditionRequired is an error with status 428.
type PreconditionRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err PreconditionRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err PreconditionRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 428.
func (err PreconditionRequired) StatusCode() int { return http.StatusPreconditionRequired }

// Unwrap returns the wrapped error.
func (err PreconditionRequired) Unwrap() error { return err.Err }

// TooManyRequests is an error with status 429.
type TooManyRequests struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err TooManyRequests) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err TooManyRequests) Name() string { return givenName(err.Err) }

// StatusCode returns 429.
func (err TooManyRequests) StatusCode() int { return http.StatusTooManyRequests }

// Unwrap returns the wrapped error.
func (err TooManyRequests) Unwrap() error { return err.Err }

// RequestHeaderFieldsTooLarge is an error with status 431.
type RequestHeaderFieldsTooLarge struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err RequestHeaderFieldsTooLarge) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err RequestHeaderFieldsTooLarge) Name() string { return givenName(err.Err) }

// StatusCode returns 431.
func (err RequestHeaderFieldsTooLarge) StatusCode() int {
	return http.StatusRequestHeaderFieldsTooLarge
}

// Unwrap returns the wrapped error.
func (err RequestHeaderFieldsTooLarge) Unwrap() error { return err.Err }

// UnavailableForLegalReasons is an error with status 451.
type UnavailableForLegalReasons struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err UnavailableForLegalReasons) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err UnavailableForLegalReasons) Name() string { return givenName(err.Err) }

// StatusCode returns 451.
func (err UnavailableForLegalReasons) StatusCode() int { return http.StatusUnavailableForLegalReasons }

// Unwrap returns the wrapped error.
func (err UnavailableForLegalReasons) Unwrap() error { return err.Err }
