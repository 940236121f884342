package admin_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func TestAdminDescribesItself(t *testing.T) {
	doc := openapi.New(newAdmin(service, admin.Options{Level: &slog.LevelVar{}}), openapi.Info{Title: "Admin", Version: "1"})
	var got struct {
		Paths map[string]map[string]struct {
			Summary, OperationID string
			Responses            map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(doc.JSON(), &got))
	assert.Equal(t, []string{
		"/", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/profile", "/debug/pprof/symbol", "/debug/pprof/trace", "/debug/pprof/{profile}",
		"/live", "/log", "/metrics", "/metrics.json", "/ready", "/routes", "/version", "/watch",
	}, slices.Sorted(maps.Keys(got.Paths)))
	for path, operations := range got.Paths {
		for method, op := range operations {
			assert.NotEmpty(t, op.Summary, "%s %s", method, path)
			assert.NotEmpty(t, op.OperationID, "%s %s", method, path)
			assert.Contains(t, op.Responses, "200", "%s %s", method, path)
			assert.Contains(t, op.Responses, "403", "%s %s", method, path)
			assert.Contains(t, op.Responses, "421", "%s %s", method, path)
		}
	}
	assert.Contains(t, got.Paths["/ready"]["get"].Responses, "503")
}

func TestAdminExplainsItself(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	text := tigertonic.Explain(a)
	assert.Regexp(t, `(?m)^GET +/ready +Admin > Described > Typed\(admin\.\(\*Admin\)\.ready\)$`, text)
	assert.Regexp(t, `(?m)^GET +/metrics +Admin > admin\.metrics$`, text)
	assert.Regexp(t, `(?m)^GET +/debug/pprof/\{profile\} +Admin > admin\.snapshot$`, text)
}
