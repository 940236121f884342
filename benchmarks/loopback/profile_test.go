package loopback

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInnermostFunctionHasAnOwner(t *testing.T) {
	for _, c := range []struct{ stack, want string }{
		{"internal/runtime/syscall/linux.Syscall6 syscall.write internal/poll.(*FD).Write net/http.(*conn).serve", "system calls"},
		{"runtime.memmove bufio.(*Writer).Write net/http.(*response).Write github.com/rcrowley/go-tigertonic.(*output).respond net/http.(*conn).serve", "net/http"},
		{"runtime.mallocgc runtime.newobject github.com/rcrowley/go-tigertonic.Typed[...].func1 net/http.(*conn).serve", "framework"},
		{"reflect.Value.Field github.com/go-json-experiment/json.Unmarshal github.com/rcrowley/go-tigertonic.(*bodyInput).decode", "JSON"},
		{"encoding/json/internal/jsonwire.ConsumeString encoding/json.Unmarshal", "JSON"},
		{"runtime.gcDrainN runtime.gcAssistAlloc runtime.mallocgc net/textproto.readMIMEHeader", "collector"},
		{"runtime.findRunnable runtime.schedule runtime.park_m runtime.mcall", "scheduler"},
		{"io.ReadAll github.com/rcrowley/go-tigertonic/benchmarks/endpoints.v1.func1 net/http.HandlerFunc.ServeHTTP", "by hand"},
		{"runtime.goexit", others},
		{"", others},
	} {
		assert.Equal(t, c.want, ownerOf(sample(c.stack)), c.stack)
	}
}

func sample(stack string) *profile.Sample {
	s := &profile.Sample{Value: []int64{1}}
	for name := range strings.FieldsSeq(stack) {
		s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
	}
	return s
}

func TestSharesAreThoseOfAllSamples(t *testing.T) {
	three := sample("net/http.x")
	three.Value[0] = 3
	got := shares(&profile.Profile{Sample: []*profile.Sample{three, sample("encoding/json.x")}})
	assert.Equal(t, map[string]float64{"net/http": 0.75, "JSON": 0.25}, got)
}

func TestServiceIsProfiled(t *testing.T) {
	c, err := Start(t.Context(), "serve", "typed")
	require.NoError(t, err)
	var p profiled
	path, requests, samples := filepath.Join(t.TempDir(), "typed.pprof"), int64(0), 0
	for range 2 {
		require.NoError(t, p.add(t.Context(), c, Load{Connections: 4, Take: 200 * time.Millisecond}, path))
		assert.Greater(t, p.requests, requests)
		assert.GreaterOrEqual(t, len(p.profile.Sample), samples)
		requests, samples = p.requests, len(p.profile.Sample)
	}
	all, known := 0.0, p.column("typed")
	for _, share := range shares(p.profile) {
		all += share
	}
	assert.InDelta(t, 1, all, 1e-6)
	assert.FileExists(t, path)
	_, err = c.order("nothing")
	require.Error(t, err)
	require.Error(t, Services{c}.Stop(), "a service that was told nonsense")

	var out bytes.Buffer
	require.NoError(t, writeColumns(&out, [][]string{{"", "all"}, {"typed", known[len(known)-3]}}))
	assert.Regexp(t, `^\|  \| typed \|\n\| --- \| --- \|\n\| all \| [0-9.]+ µs \|\n$`, out.String())
}
