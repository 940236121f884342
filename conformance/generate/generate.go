// Package generate has others' generators make clients of an OpenAPI document, for tests
// that compile them and call a service by them.
package generate

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// require is the variable of the environment by which a test fails that finds a generator
// missing. It is skipped otherwise.
const require = "TIGERTONIC_REQUIRE_GENERATORS"

// limit is how long a command may take: the first time, Go compiles the generators.
const limit = 10 * time.Minute

// conformance returns the folder of this module.
func conformance() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}

// generators returns the folder of the module with the generators that are in Go, pinned.
func generators() string { return filepath.Join(filepath.Dir(conformance()), "tools", "generators") }

// TypeScript compiles files, by their names, beside schema.d.ts, which openapi-typescript
// makes of the document, and returns what the compiler says: nothing, if they are right.
// Both are what npm ci installs in the folder of this module.
func TypeScript(t testing.TB, document []byte, files map[string]string) string {
	t.Helper()
	dir := newTypes(t, document)
	args := []string{"--noEmit"}
	for name, text := range files {
		write(t, dir, name, text)
		args = append(args, name)
	}
	out, ok := run(t, dir, nil, filepath.Join(conformance(), "node_modules", ".bin", "tsc"), compilerOptions(args...)...)
	if ok {
		return ""
	}
	return out
}

// RunTypeScript compiles a program beside schema.d.ts, as TypeScript does, and runs it with
// arguments in Node. It can import openapi-fetch, which calls by these types. It returns what
// the program writes, and reports whether it went well.
func RunTypeScript(t testing.TB, document []byte, program string, args ...string) (output string, ok bool) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "there is no node in the PATH")
	}
	dir := newTypes(t, document)
	modules := filepath.Join(conformance(), "node_modules")
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "client.mts", program)
	if out, ok := run(t, dir, nil, filepath.Join(modules, ".bin", "tsc"), compilerOptions("client.mts")...); !ok {
		return out, false
	}
	return run(t, dir, nil, node, append([]string{"client.mjs"}, args...)...)
}

// newTypes returns a folder with schema.d.ts, which openapi-typescript makes of a document.
func newTypes(t testing.TB, document []byte) (dir string) {
	t.Helper()
	bin := filepath.Join(conformance(), "node_modules", ".bin")
	if _, err := os.Stat(filepath.Join(bin, "openapi-typescript")); err != nil {
		missing(t, "openapi-typescript isn't installed (npm ci in "+conformance()+")")
	}
	dir = t.TempDir()
	write(t, dir, "openapi.json", string(document))
	if out, ok := run(t, dir, nil, filepath.Join(bin, "openapi-typescript"), "openapi.json", "-o", "schema.d.ts"); !ok {
		t.Fatalf("openapi-typescript: %s", out)
	}
	return dir
}

// compilerOptions returns the arguments of the compiler for files beside the types.
func compilerOptions(files ...string) []string {
	return append([]string{"--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "schema.d.ts"}, files...)
}

// A Module is a module of Go with the package generated/api, which a generator has made of a
// document.
type Module struct{ dir string }

// OapiCodegen returns a module with types and a client that oapi-codegen makes.
func OapiCodegen(t testing.TB, document []byte) *Module {
	t.Helper()
	m := newModule(t, document)
	m.tool(t, "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", filepath.Join(m.dir, "api", "api.go"), filepath.Join(m.dir, "openapi.json"))
	return m
}

// Ogen returns a module with a client that ogen makes. Operations that have what ogen
// doesn't know, which it calls not implemented, are left out if they are named.
func Ogen(t testing.TB, document []byte, without ...string) *Module {
	t.Helper()
	m := newModule(t, document)
	config := "generator:\n  ignore_not_implemented: [\"" + strings.Join(without, `", "`) + "\"]\n"
	if len(without) == 0 {
		config = "generator: {}\n"
	}
	write(t, m.dir, "ogen.yml", config)
	m.tool(t, "ogen", "-config", filepath.Join(m.dir, "ogen.yml"), "-target", filepath.Join(m.dir, "api"), "-package", "api", "-loglevel", "error", filepath.Join(m.dir, "openapi.json"))
	return m
}

// Run compiles a program beside the package and runs it with arguments. It returns what
// the program writes, and reports whether it went well.
func (m *Module) Run(t testing.TB, program string, args ...string) (output string, ok bool) {
	t.Helper()
	write(t, m.dir, "main.go", program)
	binary := filepath.Join(m.dir, "client")
	// It is built first, for the go command says what it downloads.
	if out, ok := run(t, m.dir, []string{"GOFLAGS=-mod=mod", "GOWORK=off"}, "go", "build", "-o", binary, "."); !ok {
		return out, false
	}
	return run(t, m.dir, nil, binary, args...)
}

func newModule(t testing.TB, document []byte) *Module {
	t.Helper()
	if out, ok := run(t, generators(), nil, "go", "mod", "download", "github.com/ogen-go/ogen", "github.com/oapi-codegen/oapi-codegen/v2"); !ok {
		missing(t, "the generators can't be downloaded: "+out)
	}
	m := &Module{t.TempDir()}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(generators(), name)) //nolint:gosec // it is ours
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			_, rest, _ := bytes.Cut(text, []byte("\n"))
			text = append([]byte("module generated\n"), rest...)
		}
		write(t, m.dir, name, string(text))
	}
	write(t, m.dir, "openapi.json", string(document))
	if err := os.Mkdir(filepath.Join(m.dir, "api"), 0o755); err != nil { //nolint:gosec // for the generators
		t.Fatal(err)
	}
	return m
}

// tool runs one of the generators.
func (m *Module) tool(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, ok := run(t, generators(), nil, "go", append([]string{"tool", name}, args...)...); !ok {
		t.Fatalf("%s: %s", name, out)
	}
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(require) != "" {
		t.Fatalf("%s, and %s is set", what, require)
	}
	t.Skip(what)
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil { //nolint:gosec // a test's names
		t.Fatal(err)
	}
}

func run(t testing.TB, dir string, env []string, name string, args ...string) (output string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // a test's
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}
