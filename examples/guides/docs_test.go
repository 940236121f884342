// Package guides holds the pages of the repository: their code compiles, their links
// lead somewhere. What they show is in the folders below it.
package guides

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

const root = "../.."

// pages returns the Markdown that git tracks or would track, and llms.txt.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-co", "--exclude-standard", "--", "*.md", "llms.txt").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name := range strings.Lines(string(out)) {
		file := filepath.Join(root, strings.TrimSpace(name))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(text)
	}
	return all
}

func TestGoOnThePagesIsCompiled(t *testing.T) {
	source, err := docstest.ReadSource(root)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range pages(t) {
		for _, first := range source.Missing(text) {
			t.Errorf("%s: no Go file has the block that begins with %q", file, first)
		}
	}
}

func TestFilesOnThePagesAreThoseThatAreTried(t *testing.T) {
	for file, text := range pages(t) {
		for _, first := range docstest.Unfiled(text, ".") {
			t.Errorf("%s: no file of the guides is the one that begins with %q", file, first)
		}
	}
}

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	for file, text := range pages(t) {
		for _, broken := range docstest.Broken(file, text) {
			t.Errorf("%s: %s", file, broken)
		}
	}
}
