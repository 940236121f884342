package tigertonic_test

import (
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Vale checks the words of pages and comments. Those of errors, logs and pages that are
// made by programs are in string literals, which it doesn't look at.
func TestStringsSayWhatTheStyleSays(t *testing.T) {
	t.Parallel()
	phrases := phrasesOfTheStyle(t, "tools/vale/styles/TigerTonic/Phrases.yml")
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "-co", "--exclude-standard", "--", "*.go", "*.html", "*.js").Output()
	if err != nil {
		t.Skip("this isn't a git clone: ", err)
	}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{string(src)}
		if filepath.Ext(name) == ".go" {
			texts = literalsOf(name, src)
		}
		for _, text := range texts {
			for phrase, rather := range phrases {
				if found := phrase.FindString(text); found != "" {
					t.Errorf("%s: say %q instead of %q in %.100q", name, rather, found, text)
				}
			}
		}
	}
}

// phrasesOfTheStyle returns what not to say, and what instead.
func phrasesOfTheStyle(t *testing.T, file string) map[*regexp.Regexp]string {
	t.Helper()
	style, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	phrases := map[*regexp.Regexp]string{}
	for _, line := range regexp.MustCompile(`(?m)^ {2}'(.*)': (.*)$`).FindAllStringSubmatch(string(style), -1) {
		phrase := strings.ReplaceAll(line[1], "(?=", "(?:") // RE2 has no lookahead, and needs none to find it
		phrases[regexp.MustCompile(`(?i)`+phrase)] = line[2]
	}
	if len(phrases) < 10 {
		t.Fatalf("%s has only %d phrases", file, len(phrases))
	}
	return phrases
}

// literalsOf returns the string literals of a Go file.
func literalsOf(name string, src []byte) (texts []string) {
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile(name, -1, len(src)), src, nil, 0)
	for {
		switch _, kind, text := s.Scan(); kind {
		case token.EOF:
			return texts
		case token.STRING:
			texts = append(texts, text)
		}
	}
}
