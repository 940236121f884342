package linelog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

func TestJSONLinesAreThoseOfSlog(t *testing.T) {
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	first := []slog.Attr{slog.String("service", "tea"), slog.Uint64("pid", 7)}
	text, ok := []byte(nil), true
	for _, a := range first {
		text, ok = linelog.AppendAttr(text, a, ok)
	}
	require.True(t, ok)
	for name, tt := range map[string]struct {
		time  time.Time
		attrs []slog.Attr
		plain bool
	}{
		"nothing":              {noon, nil, true},
		"no time":              {time.Time{}, nil, true},
		"a part of a second":   {noon.Add(123456789), nil, true},
		"zeros at its end":     {noon.Add(120 * time.Millisecond), nil, true},
		"a small part":         {noon.Add(1000), nil, true},
		"another zone":         {noon.In(time.FixedZone("", 2*60*60)), nil, true},
		"a time before 1970":   {time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), nil, false},
		"a time after 9999":    {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), nil, false},
		"what is plain":        {noon, []slog.Attr{slog.String("s", "text"), slog.Int64("i", -1), slog.Bool("b", true), slog.Duration("d", time.Second)}, true},
		"what must be escaped": {noon, []slog.Attr{slog.String("s", "a\"b"), slog.Int64("i", 1)}, false},
		"what isn't ASCII":     {noon, []slog.Attr{slog.String("s", "tea ☕")}, false},
		"what only slog knows": {noon, []slog.Attr{slog.Any("error", errors.New("x"))}, false},
		"a long text":          {noon, []slog.Attr{slog.String("s", strings.Repeat("x", 100<<10))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var got, want bytes.Buffer
			b := linelog.NewBuffer(&got, 0, 0)
			for range 2 { // the second time with what is kept of the first
				ok, err := b.WriteJSON(tt.time, slog.LevelWarn, "message", text, tt.attrs)
				require.NoError(t, err)
				assert.Equal(t, tt.plain, ok)
			}
			require.NoError(t, b.Close())
			if !tt.plain {
				assert.Empty(t, got.String())
				return
			}
			handler := slog.NewJSONHandler(&want, nil).WithAttrs(first)
			for range 2 {
				r := slog.NewRecord(tt.time, slog.LevelWarn, "message", 0)
				r.AddAttrs(tt.attrs...)
				require.NoError(t, handler.Handle(context.Background(), r))
			}
			assert.Equal(t, want.String(), got.String())
		})
	}
	_, ok = linelog.AppendAttr(nil, slog.Int("i", 1), false)
	assert.False(t, ok, "what was before it isn't plain")
}
