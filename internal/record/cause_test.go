package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/record"
)

var errLeak = errors.New("the kettle leaks")

func newID() string { return "new" }

// captureSlog has slog.Default write to what it returns until the test ends.
func captureSlog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func TestCauseIsLoggedByWhoIsToComeElseBySlog(t *testing.T) {
	for _, tt := range []struct {
		name      string
		hasLogger bool
		note      func(http.ResponseWriter, error, func() string) string
		logged    bool
	}{
		{"nobody is to come", false, record.Note, true},
		{"a logger is", true, record.Note, false},
		{"a refusal", false, record.NoteRefusal, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := captureSlog(t)
			inner, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
			rec.HasLogger = tt.hasLogger
			outer, outerRec := record.Wrap(foreignWriter{inner}, request(t, "GET"))
			assert.Equal(t, "new", tt.note(outer, errLeak, newID))
			assert.Equal(t, []string{"new", "new"}, []string{rec.ID, outerRec.ID})
			assert.Equal(t, tt.logged, strings.Contains(b.String(), `request_id=new error="the kettle leaks"`), b)
			assert.Equal(t, tt.hasLogger, rec.IsUnreported())
			assert.Equal(t, "the kettle leaks", rec.Report())
			assert.False(t, outerRec.IsUnreported(), "they share the cause")
			assert.Empty(t, rec.Stack())
		})
	}
}

func TestNothingIsReportedWhereNothingHasGoneWrong(t *testing.T) {
	_, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	assert.Empty(t, rec.Report())
	assert.Empty(t, rec.Stack())
	assert.False(t, rec.IsUnreported())
}

func TestCauseIsNotedUnderTheIDThatIsKnown(t *testing.T) {
	captureSlog(t)
	inner, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	rec.ID = "known"
	outer, outerRec := record.Wrap(foreignWriter{inner}, request(t, "GET"))
	assert.Equal(t, "known", record.Note(outer, errLeak, newID))
	assert.Equal(t, "known", outerRec.ID)
	assert.Equal(t, "new", record.Note(newPlainWriter(), errLeak, newID), "without a Recorder")
}

func TestWithheldCauseIsNotedOnce(t *testing.T) {
	b := captureSlog(t)
	told := record.Withhold(errLeak, "noted")
	require.ErrorIs(t, told, errLeak)
	assert.Equal(t, "noted", record.Note(newPlainWriter(), fmt.Errorf("pouring: %w", told), newID))
	assert.Empty(t, b.String())
}

// A hollow error has a status and, if it holds an error, the text of that. Else its
// method Error mustn't be called.
type hollow struct{ error }

func (hollow) StatusCode() int   { return 404 }
func (hollow) Name() string      { return "hollow" }
func (err hollow) Unwrap() error { return err.error }

func TestTextOfAnErrorThatHoldsNothingIsItsStatus(t *testing.T) {
	assert.Equal(t, "Not Found", record.Text(hollow{}))
	assert.Equal(t, "the kettle leaks", record.Text(hollow{errLeak}))
	assert.Equal(t, "the kettle leaks", record.Text(errLeak))

	captureSlog(t)
	w, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	record.Note(w, errors.Join(errLeak, hollow{}), newID)
	assert.Equal(t, "*errors.joinError without a text", rec.Report())
}

// panicking returns the ID under which a panic is noted, and may be noted twice on its
// way.
func panicking(w http.ResponseWriter, rec *record.Recorder, values ...any) (id string) {
	for _, value := range values {
		func() {
			defer func() { id = rec.NotePanic(w, recover(), newID) }()
			panic(value)
		}()
	}
	return id
}

func TestPanicIsNotedOnceWithItsStack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []any
		want   string
		logged int
	}{
		{"a text", []any{"oh"}, "panic: oh", 1},
		{"an error on its way", []any{errLeak, errLeak}, "panic: the kettle leaks", 1},
		{"another on its way", []any{"oh", "ah"}, "panic: ah", 2},
		{"what can't be compared", []any{[]int{1}, []int{1}}, "panic: [1]", 1},
		{"a long text", []any{strings.Repeat("x", 20_000)}, "panic: " + strings.Repeat("x", 16<<10) + " and so on", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := captureSlog(t)
			w, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
			assert.Equal(t, "new", panicking(w, rec, tt.values...))
			assert.Equal(t, tt.want, rec.Report())
			assert.Contains(t, strings.SplitN(rec.Stack(), "\n", 3)[1], "record_test.panicking.func1")
			assert.Equal(t, tt.logged, strings.Count(b.String(), "request_id="))
			assert.Contains(t, b.String(), "stack=")
		})
	}
}

func TestPanicDoesntHideWhatHadGoneWrongBefore(t *testing.T) {
	w, rec := record.Wrap(newPlainWriter(), request(t, "GET"))
	rec.HasLogger = true
	record.Note(w, errLeak, newID)
	panicking(w, rec, "oh")
	assert.Equal(t, "panic: oh\nthe kettle leaks", rec.Report())
	assert.NotEmpty(t, rec.Stack())
}

func TestAbort(t *testing.T) {
	assert.True(t, record.IsAbort(http.ErrAbortHandler))
	for _, value := range []any{nil, "oh", errLeak, fmt.Errorf("wrapped: %w", http.ErrAbortHandler)} {
		assert.False(t, record.IsAbort(value))
	}
}

func TestPanicStackWithoutAPanicIsTheWholeStack(t *testing.T) {
	assert.Contains(t, record.PanicStack(), "record.PanicStack")
}
