package ingest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	maxName    = 255 // characters
	maxSamples = 10_000
	maxNumber  = 1e100 // so that no sum is infinite
	pastYears  = 10
	future     = 10 * 60 // seconds
)

// An item is one number for a stat, from a form or an element of a batch.
type item struct {
	Stat  string   `json:"stat"`
	Count *float64 `json:"count"`
	Value *float64 `json:"value"`
	T     *float64 `json:"t"`
}

var (
	errNoName     = errors.New("the name of the stat is missing")
	errLongName   = errors.New("name too long")
	errName       = errors.New("the name isn't valid")
	errNoNumber   = errors.New("neither a count nor a value is given")
	errTwoNumbers = errors.New("both a count and a value are given")
	errNumber     = errors.New("the number isn't valid, or is too large")
	errTime       = errors.New("t isn't a whole number of seconds since 1970")
	errWindow     = errors.New("t is more than ten years ago, or more than ten minutes ahead")
	errMany       = fmt.Errorf("there are more than %d samples", maxSamples)
)

// samples appends the samples of an item.
func (it *item) samples(all []store.Sample, now int64) ([]store.Sample, error) {
	sample := store.Sample{Counter: it.Count != nil}
	switch {
	case it.Count != nil && it.Value != nil:
		return all, errTwoNumbers
	case it.Count != nil:
		sample.Value = *it.Count
	case it.Value != nil:
		sample.Value = *it.Value
	default:
		return all, errNoNumber
	}
	if math.Abs(sample.Value) > maxNumber {
		return all, errNumber
	}
	var err error
	if sample.Minute, err = minute(it.T, now); err != nil {
		return all, err
	}
	return fanOut(all, it.Stat, sample)
}

// minute returns the minute of a time, or the current one for nil.
func minute(t *float64, now int64) (int64, error) {
	if t == nil {
		return now / 60, nil
	}
	if *t != math.Trunc(*t) || *t < 0 {
		return 0, errTime
	}
	if *t > float64(now+future) || *t < float64(now-pastYears*365*86400) {
		return 0, errWindow
	}
	return int64(*t) / 60, nil
}

// fanOut appends a sample for each stat that a name stands for: mail~total,eu stands for
// mail total and mail eu.
func fanOut(all []store.Sample, text string, sample store.Sample) ([]store.Sample, error) {
	prefix, list, ok := strings.Cut(text, "~")
	if !ok {
		if err := checkName(text); err != nil {
			return all, err
		}
		sample.Name = text
		return append(all, sample), nil
	}
	n := len(all)
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		sample.Name = strings.TrimSpace(prefix + " " + part)
		if err := checkName(sample.Name); err != nil {
			return all[:n], err
		}
		if all = append(all, sample); len(all) > maxSamples {
			return all[:n], errMany
		}
	}
	if len(all) == n {
		return all, errNoName
	}
	return all, nil
}

func checkName(text string) error {
	switch {
	case text == "":
		return errNoName
	case len(text) > maxName && utf8.RuneCountInString(text) > maxName:
		return errLongName
	case !utf8.ValidString(text), strings.ContainsAny(text, "~\x00"):
		return errName
	}
	return nil
}

// number parses a number of a form, such as 1e+06.
func number(text string) (float64, error) {
	for i := range len(text) {
		if !strings.ContainsRune("0123456789+-.eE", rune(text[i])) {
			return 0, errNumber
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errNumber
	}
	return value, nil
}

// seconds parses a time of a form.
func seconds(text string) (float64, error) {
	t, err := strconv.ParseInt(text, 10, 64)
	if err != nil || t < 0 {
		return 0, errTime
	}
	return float64(t), nil
}
