package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/client"
)

// A script answers one request after another, and keeps when they came and with what.
type script struct {
	t       *testing.T
	answers []func() (*http.Response, error)
	at      []time.Duration
	bodies  []string
	start   time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		assert.NoError(s.t, err)
		body = string(text)
		_ = r.Body.Close()
	}
	s.at, s.bodies = append(s.at, time.Since(s.start)), append(s.bodies, body)
	if len(s.answers) == 0 {
		s.t.Error("it was asked once too often")
		return nil, errTest
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	return answer()
}

func fails() (*http.Response, error) { return nil, errTest }

// status returns an answer with a status and headers.
func status(code int, headers ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		rs := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("a"))}
		for i := 0; i < len(headers); i += 2 {
			rs.Header.Set(headers[i], headers[i+1])
		}
		return rs, nil
	}
}

func TestRetriedRepeatsWhatMayBeRepeated(t *testing.T) {
	const post, put = "POST", "PUT"
	for _, tt := range []struct {
		name, method, key string
		body              io.Reader
		answers           []func() (*http.Response, error)
		left, status      int
	}{
		{"one that is well", "GET", "", nil, answers(status(200), fails), 1, 200},
		{"an error of the transport", "GET", "", nil, answers(fails, status(200)), 0, 200},
		{"too many errors", "GET", "", nil, answers(fails, fails, fails, status(200)), 1, 0},
		{"429", "GET", "", nil, answers(status(429), status(200)), 0, 200},
		{"502", "HEAD", "", nil, answers(status(502), status(200)), 0, 200},
		{"503", "DELETE", "", nil, answers(status(503), status(204)), 0, 204},
		{"504", put, "", strings.NewReader("body"), answers(status(504), status(200)), 0, 200},
		{"the last one", "GET", "", nil, answers(status(503), status(503), status(503)), 0, 503},
		{"500", "GET", "", nil, answers(status(500), fails), 1, 500},
		{"404", "GET", "", nil, answers(status(404), fails), 1, 404},
		{"POST", post, "", strings.NewReader("body"), answers(status(503), fails), 1, 503},
		{"POST, an error", post, "", strings.NewReader("body"), answers(fails, fails), 1, 0},
		{"PATCH", "PATCH", "", strings.NewReader("body"), answers(status(429, "Retry-After", "1"), fails), 1, 429},
		{"POST with a key", post, "abc", strings.NewReader("body"), answers(fails, status(503), status(201)), 0, 201},
		{"a body that is gone", put, "", io.MultiReader(strings.NewReader("body")), answers(status(503), fails), 1, 503},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{t: t, answers: tt.answers, start: time.Now()}
			r := newRequest(t, tt.method, "http://x.test/", tt.body)
			if tt.key != "" {
				r.Header.Set("Idempotency-Key", tt.key)
			}
			rs, err := client.Retried(s, client.RetryOptions{}).RoundTrip(r)
			if tt.status == 0 {
				require.ErrorIs(t, err, errTest, tt.name)
			} else {
				require.NoError(t, err, tt.name)
				assert.Equal(t, tt.status, rs.StatusCode, tt.name)
			}
			assert.Len(t, s.answers, tt.left, tt.name)
			for _, body := range s.bodies {
				assert.Equal(t, s.bodies[0], body, tt.name)
			}
		})
	}
}

func answers(all ...func() (*http.Response, error)) []func() (*http.Response, error) { return all }

func TestRetriedWaits(t *testing.T) {
	date := func() (*http.Response, error) {
		return status(503, "Retry-After", time.Now().Add(5*time.Second).UTC().Format(http.TimeFormat))()
	}
	for _, tt := range []struct {
		name        string
		o           client.RetryOptions
		answers     []func() (*http.Response, error)
		least, most []time.Duration
	}{
		{
			"longer each time",
			client.RetryOptions{Attempts: 4},
			answers(fails, fails, fails, status(200)),
			[]time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond},
			[]time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond},
		},
		{
			"not too long",
			client.RetryOptions{Attempts: 3, Wait: time.Second, MaxWait: time.Second},
			answers(fails, fails, status(200)),
			[]time.Duration{time.Second / 2, time.Second / 2},
			[]time.Duration{time.Second, time.Second},
		},
		{
			"seconds",
			client.RetryOptions{},
			answers(status(503, "Retry-After", "7"), status(200)),
			[]time.Duration{7 * time.Second},
			[]time.Duration{7 * time.Second},
		},
		{
			"a date",
			client.RetryOptions{},
			answers(date, status(200)),
			[]time.Duration{4 * time.Second},
			[]time.Duration{5 * time.Second},
		},
		{
			"garbage",
			client.RetryOptions{},
			answers(status(503, "Retry-After", "soon"), status(200)),
			[]time.Duration{50 * time.Millisecond},
			[]time.Duration{100 * time.Millisecond},
		},
		{"too long for us", client.RetryOptions{}, answers(status(503, "Retry-After", "3600")), nil, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{t: t, answers: tt.answers, start: time.Now()}
			_, err := client.Retried(s, tt.o).RoundTrip(newRequest(t, "GET", "http://x.test/", nil))
			require.NoError(t, err)
			require.Len(t, s.at, len(tt.least)+1, tt.name)
			for i := range tt.least {
				wait := s.at[i+1] - s.at[i]
				assert.GreaterOrEqual(t, wait, tt.least[i], tt.name)
				assert.LessOrEqual(t, wait, tt.most[i], tt.name)
			}
		})
	}
}

func TestRetriedEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := &script{t: t, answers: answers(status(503, "Retry-After", "7")), start: time.Now()}
		rs, err := client.Retried(s, client.RetryOptions{}).RoundTrip(newRequest(t, "GET", "http://x.test/", nil).WithContext(ctx))
		require.NoError(t, err, "it would begin after the deadline")
		assert.Equal(t, 503, rs.StatusCode)
		assert.Zero(t, time.Since(s.start))

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		s = &script{t: t, answers: answers(status(503, "Retry-After", "7")), start: time.Now()}
		_, err = client.Retried(s, client.RetryOptions{}).RoundTrip(newRequest(t, "PUT", "http://x.test/", strings.NewReader("a")).WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, time.Second, time.Since(s.start))
	})
}

func TestRetriedRefusesNegativeOptions(t *testing.T) {
	panics(t, "tigertonic: client: Retried: negative options: {Attempts:-1 Wait:0s MaxWait:0s}",
		func() { client.Retried(nil, client.RetryOptions{Attempts: -1}) })
}
