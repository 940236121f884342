package admin_test

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/admin"
)

func TestVersionTellsTheCommit(t *testing.T) {
	info := &debug.BuildInfo{
		Path: "example.com/money/wallet",
		Main: debug.Module{Path: "example.com/money", Version: "v0.3.0"},
		Settings: []debug.BuildSetting{
			{Key: "-race", Value: "true"},
			{Key: "vcs.revision", Value: "f879495"},
			{Key: "vcs.time", Value: "2026-11-20T13:46:00Z"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	text, err := json.Marshal(admin.ReadBuildInfo(info, admin.Options{}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"wallet","module":"example.com/money","version":"v0.3.0","revision":"f879495","time":"2026-11-20T13:46:00Z",`+
		`"dirty":true,"go":"`+runtime.Version()+`","platform":"`+runtime.GOOS+"/"+runtime.GOARCH+`"}`, string(text))
	assert.Equal(t, "1.0", admin.ReadBuildInfo(info, admin.Options{Version: "1.0"}).Version)
}

func TestProgramsAreCalledAfterTheirPackage(t *testing.T) {
	for path, want := range map[string]string{
		"example.com/wallet":    "wallet",
		"example.com/wallet/v2": "wallet",
		"v2":                    "v2",
		"example.com/version":   "version",
		"main":                  "main",
	} {
		assert.Equal(t, want, admin.ProgramName(path))
	}
	assert.Contains(t, admin.ProgramName("command-line-arguments"), "admin.test")
	assert.Contains(t, admin.ProgramName(""), "admin.test")
}
