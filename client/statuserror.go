package client

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

// statusError returns the error named after a status, with err in it.
func statusError(status int, err error) error {
	if status >= http.StatusInternalServerError {
		return serverError(status, err)
	}
	return clientError(status, err)
}

func clientError(status int, err error) error {
	switch status {
	case http.StatusBadRequest:
		return tigertonic.BadRequest{Err: err}
	case http.StatusUnauthorized:
		return tigertonic.Unauthorized{Err: err}
	case http.StatusPaymentRequired:
		return tigertonic.PaymentRequired{Err: err}
	case http.StatusForbidden:
		return tigertonic.Forbidden{Err: err}
	case http.StatusNotFound:
		return tigertonic.NotFound{Err: err}
	case http.StatusMethodNotAllowed:
		return tigertonic.MethodNotAllowed{Err: err}
	case http.StatusNotAcceptable:
		return tigertonic.NotAcceptable{Err: err}
	case http.StatusProxyAuthRequired:
		return tigertonic.ProxyAuthRequired{Err: err}
	case http.StatusRequestTimeout:
		return tigertonic.RequestTimeout{Err: err}
	case http.StatusConflict:
		return tigertonic.Conflict{Err: err}
	case http.StatusGone:
		return tigertonic.Gone{Err: err}
	case http.StatusLengthRequired:
		return tigertonic.LengthRequired{Err: err}
	case http.StatusPreconditionFailed:
		return tigertonic.PreconditionFailed{Err: err}
	case http.StatusRequestEntityTooLarge:
		return tigertonic.RequestEntityTooLarge{Err: err}
	case http.StatusRequestURITooLong:
		return tigertonic.RequestURITooLong{Err: err}
	case http.StatusUnsupportedMediaType:
		return tigertonic.UnsupportedMediaType{Err: err}
	case http.StatusRequestedRangeNotSatisfiable:
		return tigertonic.RequestedRangeNotSatisfiable{Err: err}
	case http.StatusExpectationFailed:
		return tigertonic.ExpectationFailed{Err: err}
	case http.StatusTeapot:
		return tigertonic.Teapot{Err: err}
	case http.StatusMisdirectedRequest:
		return tigertonic.MisdirectedRequest{Err: err}
	case http.StatusUnprocessableEntity:
		return tigertonic.UnprocessableEntity{Err: err}
	case http.StatusLocked:
		return tigertonic.Locked{Err: err}
	case http.StatusFailedDependency:
		return tigertonic.FailedDependency{Err: err}
	case http.StatusTooEarly:
		return tigertonic.TooEarly{Err: err}
	case http.StatusUpgradeRequired:
		return tigertonic.UpgradeRequired{Err: err}
	case http.StatusPreconditionRequired:
		return tigertonic.PreconditionRequired{Err: err}
	case http.StatusTooManyRequests:
		return tigertonic.TooManyRequests{Err: err}
	case http.StatusRequestHeaderFieldsTooLarge:
		return tigertonic.RequestHeaderFieldsTooLarge{Err: err}
	case http.StatusUnavailableForLegalReasons:
		return tigertonic.UnavailableForLegalReasons{Err: err}
	}
	return tigertonic.NewHTTPEquivError(err, status)
}

func serverError(status int, err error) error {
	switch status {
	case http.StatusInternalServerError:
		return tigertonic.InternalServerError{Err: err}
	case http.StatusNotImplemented:
		return tigertonic.NotImplemented{Err: err}
	case http.StatusBadGateway:
		return tigertonic.BadGateway{Err: err}
	case http.StatusServiceUnavailable:
		return tigertonic.ServiceUnavailable{Err: err}
	case http.StatusGatewayTimeout:
		return tigertonic.GatewayTimeout{Err: err}
	case http.StatusHTTPVersionNotSupported:
		return tigertonic.HTTPVersionNotSupported{Err: err}
	case http.StatusVariantAlsoNegotiates:
		return tigertonic.VariantAlsoNegotiates{Err: err}
	case http.StatusInsufficientStorage:
		return tigertonic.InsufficientStorage{Err: err}
	case http.StatusLoopDetected:
		return tigertonic.LoopDetected{Err: err}
	case http.StatusNotExtended:
		return tigertonic.NotExtended{Err: err}
	case http.StatusNetworkAuthenticationRequired:
		return tigertonic.NetworkAuthenticationRequired{Err: err}
	}
	return tigertonic.NewHTTPEquivError(err, status)
}
