package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The report names the versions of all requirements of the module, except those that
// aren't compared.
func TestVersionsAreToldOfAllThatIsCompared(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	var direct []string
	for _, r := range mod.Require {
		switch r.Path {
		case "github.com/rcrowley/go-tigertonic", "github.com/google/pprof", "github.com/stretchr/testify", "golang.org/x/sync":
		default:
			if !r.Indirect {
				direct = append(direct, r.Path)
			}
		}
	}
	assert.Equal(t, direct, compared())
}

func TestReportIsWrittenOfWhatWasMeasured(t *testing.T) {
	dir := t.TempDir()
	o := &options{raw: filepath.Join("report", "testdata", "round.txt"), report: filepath.Join(dir, "report.md")}
	var out strings.Builder
	require.NoError(t, o.tell(&out))
	text, err := os.ReadFile(o.report)
	require.NoError(t, err)
	assert.Contains(t, string(text), out.String())
	assert.Contains(t, out.String(), "## What is promised")
	assert.Equal(t, 167, githubWildcards())

	o.raw = filepath.Join(dir, "part.out")
	require.NoError(t, os.WriteFile(o.raw, []byte("BenchmarkRouting/task=404/peer=chi 1 1 ns/op\n"), 0o600))
	require.ErrorContains(t, o.tell(&out), "Timed, on one processor")

	o.only, o.report = "routing", filepath.Join(dir, "none.md")
	require.NoError(t, o.tell(&out))
	assert.NoFileExists(t, o.report)
}

func TestOnlyChooses(t *testing.T) {
	assert.True(t, (&options{}).wants("loopback"))
	assert.True(t, (&options{only: "routing,loopback"}).wants("loopback"))
	assert.False(t, (&options{only: "routing"}).wants("loopback"))
}
