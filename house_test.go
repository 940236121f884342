package tigertonic_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/rcrowley/go-tigertonic"

// The arrows between packages: admin, openapi, mocking → root → internal →
// the standard library and three others.

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	require.NoError(t, err)
	return out
}

func TestPackagesKeepTheirArrows(t *testing.T) {
	decoder := json.NewDecoder(strings.NewReader(string(goList(t, "-json=ImportPath,Imports,Deps", "./..."))))
	for decoder.More() {
		var p goPackage
		require.NoError(t, decoder.Decode(&p))
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"/") && !strings.HasPrefix(imported, module+"/internal/") {
				assert.NotEqual(t, module, p.ImportPath, "the root imports %s", imported)
				testHelper := strings.HasSuffix(p.ImportPath, "test") && strings.HasPrefix(p.ImportPath, imported+"/")
				assert.True(t, testHelper, "%s imports %s", p.ImportPath, imported)
			}
			if strings.HasPrefix(p.ImportPath, module+"/internal/") {
				assert.NotEqual(t, module, imported, "%s imports the root", p.ImportPath)
			}
		}
		if p.ImportPath == module {
			for _, forbidden := range []string{"testing", "expvar", "net/http/pprof"} {
				assert.NotContains(t, p.Deps, forbidden)
			}
			assert.NotContains(t, p.Imports, "unsafe")
			assert.Subset(t,
				[]string{"github.com/rcrowley/go-metrics", "github.com/go-json-experiment/json"},
				modulesOf(p.Deps))
		}
	}
}

// modulesOf returns the modules of others that packages are in.
func modulesOf(packages []string) (modules []string) {
	for _, p := range packages {
		elements := strings.Split(p, "/")
		if !strings.Contains(elements[0], ".") || strings.HasPrefix(p, module) {
			continue
		}
		if m := strings.Join(elements[:min(3, len(elements))], "/"); !slices.Contains(modules, m) {
			modules = append(modules, m)
		}
	}
	return modules
}

func TestRootRequiresThreeModules(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Go, Toolchain string
		Require       []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	assert.ElementsMatch(t, []string{
		"github.com/go-json-experiment/json", "github.com/rcrowley/go-metrics", "github.com/stretchr/testify",
	}, direct)
	assert.Equal(t, "1.26", mod.Go)
	assert.Empty(t, mod.Toolchain)
}
