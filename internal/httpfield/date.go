package httpfield

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// HoldsDate reports whether the value of a header, given in canonical form, is or may be
// an HTTP-date (RFC 9110 §5.6.7).
func HoldsDate(name string) bool {
	switch name {
	case "Date", "Expires", "If-Modified-Since", "If-Range", "If-Unmodified-Since", "Last-Modified", "Retry-After", "Sunset":
		return true
	}
	return false
}

// IgnoresDate reports whether a server must ignore a header if its value isn't a date
// (RFC 9110 §13.1.3, §13.1.4, §13.1.5).
func IgnoresDate(name string) bool {
	return name == "If-Modified-Since" || name == "If-Unmodified-Since" || name == "If-Range"
}

// FormatDate returns the text of a [time.Time] as an HTTP-date.
func FormatDate(value reflect.Value) (string, error) {
	date, _ := reflect.TypeAssert[time.Time](value)
	if date = date.UTC(); date.Year() < 0 || date.Year() > 9999 {
		return "", errors.New("is a date that HTTP can't write")
	}
	return date.Format(http.TimeFormat), nil
}

// SetDate sets a [time.Time] to an HTTP-date.
func SetDate(field reflect.Value, text string) error {
	date, err := http.ParseTime(strings.TrimSpace(text))
	if err == nil {
		field.Set(reflect.ValueOf(date))
	}
	return err
}
