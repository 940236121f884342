package guides

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```\n")
	goBlock    = regexp.MustCompile("(?s)```go\n(.*?)```\n")
)

// A module of somebody else's is begun by the lines of the README, beside a clone.
func TestModuleThatTheREADMEBeginsBuilds(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := ""
	for _, block := range shellBlock.FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(block[1], "go mod init") {
			lines = block[1]
		}
	}
	program := goBlock.FindStringSubmatch(string(readme))
	if lines == "" || program == nil {
		t.Fatal("the README has no lines that begin a module, or no program")
	}
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	module := filepath.Join(dir, "notes")
	if err := os.Symlink(clone, filepath.Join(dir, "go-tigertonic")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(module, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "main.go"), []byte(program[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", lines+"go vet .\n")
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	mod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(mod), "\n\tgithub.com/"); n > 3 {
		t.Errorf("its go.mod lists %d modules, want the library and what it needs:\n%s", n, mod)
	}
}
