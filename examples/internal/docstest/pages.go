package docstest

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	goBlock = regexp.MustCompile("(?m)^[ \t]*```go\n((?:.*\n)*?)[ \t]*```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	files   = regexp.MustCompile("(?m)^```(yaml|nginx|caddyfile|ini|dockerfile)\n((?:.*\n)*?)```$")
	fenced  = regexp.MustCompile("(?m)^[ \t]*```(?:.*\n)+?[ \t]*```$")
	notWord = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Source is the Go code of a repository, in which the code on its pages must be found.
type Source map[string]string

// ReadSource reads all Go files below root.
func ReadSource(root string) (Source, error) {
	s := Source{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && path != root):
			return fs.SkipDir
		case filepath.Ext(path) == ".go":
			text, err := os.ReadFile(path) //nolint:gosec // a file of the repository
			s[path] = flat(string(text))
			return err
		}
		return nil
	})
	return s, err
}

// flat returns text without the white space around its lines, each of which begins and
// ends with a newline, so that a piece of one text is found in another that is indented.
func flat(text string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// Missing returns the first line of each Go block on a page that is in no file. A line
// "// ..." stands for any omitted lines.
func (s Source) Missing(page string) (missing []string) {
	for _, block := range goBlock.FindAllStringSubmatch(page, -1) {
		pieces := strings.Split(flat(block[1]), "\n// ...\n")
		if !slices.ContainsFunc(slices.Collect(s.texts), func(text string) bool { return hasInOrder(text, pieces) }) {
			first, _, _ := strings.Cut(strings.TrimSpace(block[1]), "\n")
			missing = append(missing, first)
		}
	}
	return missing
}

func (s Source) texts(yield func(string) bool) {
	for _, text := range s {
		if !yield(text) {
			return
		}
	}
}

func hasInOrder(text string, pieces []string) bool {
	for _, piece := range pieces {
		piece = "\n" + strings.Trim(piece, "\n") + "\n"
		i := strings.Index(text, piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece)-1:]
	}
	return true
}

// Unfiled returns the first line of each configuration block on a page that isn't a file
// in dir.
func Unfiled(page, dir string) (missing []string) {
	for _, block := range files.FindAllStringSubmatch(page, -1) {
		if !hasFile(dir, block[2]) {
			first, _, _ := strings.Cut(block[2], "\n")
			missing = append(missing, first)
		}
	}
	return missing
}

func hasFile(dir, text string) (found bool) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		is, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		if found = err == nil && string(is) == text; found {
			return fs.SkipAll
		}
		return err
	})
	return found
}

// Broken returns the broken links of a page in the repository; file is the page's path.
func Broken(file, page string) (broken []string) {
	for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		u, err := url.Parse(found[1])
		if err != nil {
			broken = append(broken, err.Error())
			continue
		}
		if u.IsAbs() {
			continue
		}
		target := file
		if u.Path != "" {
			target = filepath.Join(filepath.Dir(file), filepath.FromSlash(u.Path))
		}
		text, err := os.ReadFile(target) //nolint:gosec // a file of the repository
		if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
			err = nil
		}
		switch {
		case err != nil:
			broken = append(broken, fmt.Sprintf("%s: %v", found[1], err))
		case u.Fragment != "" && !slices.Contains(anchors(string(text)), u.Fragment):
			broken = append(broken, found[1]+": there is no such heading")
		}
	}
	return broken
}

// anchors returns the fragments of links to the headings of a page.
func anchors(page string) (all []string) {
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		text := strings.ToLower(strings.ReplaceAll(found[1], "`", ""))
		all = append(all, strings.ReplaceAll(notWord.ReplaceAllString(text, ""), " ", "-"))
	}
	return all
}
