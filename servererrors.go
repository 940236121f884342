package tigertonic

import "net/http"

// InternalServerError is an error with status 500.
type InternalServerError struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err InternalServerError) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err InternalServerError) Name() string { return givenName(err.Err) }

// StatusCode returns 500.
func (err InternalServerError) StatusCode() int { return http.StatusInternalServerError }

// Unwrap returns the wrapped error.
func (err InternalServerError) Unwrap() error { return err.Err }

// NotImplemented is an error with status 501.
type NotImplemented struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NotImplemented) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NotImplemented) Name() string { return givenName(err.Err) }

// StatusCode returns 501.
func (err NotImplemented) StatusCode() int { return http.StatusNotImplemented }

// Unwrap returns the wrapped error.
func (err NotImplemented) Unwrap() error { return err.Err }

// BadGateway is an error with status 502.
type BadGateway struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err BadGateway) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err BadGateway) Name() string { return givenName(err.Err) }

// StatusCode returns 502.
func (err BadGateway) StatusCode() int { return http.StatusBadGateway }

// Unwrap returns the wrapped error.
func (err BadGateway) Unwrap() error { return err.Err }

// ServiceUnavailable is an error with status 503.
type ServiceUnavailable struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err ServiceUnavailable) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err ServiceUnavailable) Name() string { return givenName(err.Err) }

// StatusCode returns 503.
func (err ServiceUnavailable) StatusCode() int { return http.StatusServiceUnavailable }

// Unwrap returns the wrapped error.
func (err ServiceUnavailable) Unwrap() error { return err.Err }

// GatewayTimeout is an error with status 504.
type GatewayTimeout struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err GatewayTimeout) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err GatewayTimeout) Name() string { return givenName(err.Err) }

// StatusCode returns 504.
func (err GatewayTimeout) StatusCode() int { return http.StatusGatewayTimeout }

// Unwrap returns the wrapped error.
func (err GatewayTimeout) Unwrap() error { return err.Err }

// HTTPVersionNotSupported is an error with status 505.
type HTTPVersionNotSupported struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err HTTPVersionNotSupported) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err HTTPVersionNotSupported) Name() string { return givenName(err.Err) }

// StatusCode returns 505.
func (err HTTPVersionNotSupported) StatusCode() int { return http.StatusHTTPVersionNotSupported }

// Unwrap returns the wrapped error.
func (err HTTPVersionNotSupported) Unwrap() error { return err.Err }

// VariantAlsoNegotiates is an error with status 506.
type VariantAlsoNegotiates struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err VariantAlsoNegotiates) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err VariantAlsoNegotiates) Name() string { return givenName(err.Err) }

// StatusCode returns 506.
func (err VariantAlsoNegotiates) StatusCode() int { return http.StatusVariantAlsoNegotiates }

// Unwrap returns the wrapped error.
func (err VariantAlsoNegotiates) Unwrap() error { return err.Err }

// InsufficientStorage is an error with status 507.
type InsufficientStorage struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err InsufficientStorage) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err InsufficientStorage) Name() string { return givenName(err.Err) }

// StatusCode returns 507.
func (err InsufficientStorage) StatusCode() int { return http.StatusInsufficientStorage }

// Unwrap returns the wrapped error.
func (err InsufficientStorage) Unwrap() error { return err.Err }

// LoopDetected is an error with status 508.
type LoopDetected struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err LoopDetected) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err LoopDetected) Name() string { return givenName(err.Err) }

// StatusCode returns 508.
func (err LoopDetected) StatusCode() int { return http.StatusLoopDetected }

// Unwrap returns the wrapped error.
func (err LoopDetected) Unwrap() error { return err.Err }

// NotExtended is an error with status 510.
type NotExtended struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NotExtended) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NotExtended) Name() string { return givenName(err.Err) }

// StatusCode returns 510.
func (err NotExtended) StatusCode() int { return http.StatusNotExtended }

// Unwrap returns the wrapped error.
func (err NotExtended) Unwrap() error { return err.Err }

// NetworkAuthenticationRequired is an error with status 511.
type NetworkAuthenticationRequired struct{ Err }

// Error returns the text of the wrapped error, or of the status.
func (err NetworkAuthenticationRequired) Error() string { return errorText(err.Err, err.StatusCode()) }

// Name returns the name of the wrapped error, if it has one.
func (err NetworkAuthenticationRequired) Name() string { return givenName(err.Err) }

// StatusCode returns 511.
func (err NetworkAuthenticationRequired) StatusCode() int {
	return http.StatusNetworkAuthenticationRequired
}

// Unwrap returns the wrapped error.
func (err NetworkAuthenticationRequired) Unwrap() error { return err.Err }
