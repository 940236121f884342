package main

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's console blocks are commands, each after "$ ", and what they
// print. "go test ./stuff -run README -update" writes the latter anew.
var update = flag.Bool("update", false, "write what the README's curl lines print into it")

const (
	readme         = "../../README.md"
	readmeAddress  = "127.0.0.1:8000"
	readmePassword = "PASSWORD"
	startCommand   = "go -C examples run ./stuff"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```\n")
	goBlock      = regexp.MustCompile("(?s)```go\n(.*?)```\n")
	dateLine     = regexp.MustCompile(`(?m)^Date: (.*)$`)
	link         = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
)

func readReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestREADMEHasTheProgramHello(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllStringSubmatch(readReadme(t), -1)
	if len(blocks) != 1 || blocks[0][1] != string(want) {
		t.Errorf("the README's Go isn't examples/hello/main.go:\n%q", blocks)
	}
}

func TestREADMELinksToWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, found := range link.FindAllStringSubmatch(readReadme(t), -1) {
		if u, err := url.Parse(found[1]); err != nil || u.IsAbs() {
			continue
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(readme), found[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestREADMESaysHowLongTheServiceIs(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, file := range []string{"main.go", "classic.go", "typed.go", "store.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(source, []byte("\n"))
	}
	if want := fmt.Sprintf("a service of %d lines", lines); !strings.Contains(readReadme(t), want) || lines >= 450 {
		t.Errorf("want %q in the README, and less than 450", want)
	}
}

// Each way of running the README's curl lines starts a service of its own.
func TestREADMEShowsWhatCurlPrints(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*testing.T, *process, []string) string{"raw": runRaw, "curl": runCurl} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("curl"); err != nil && name == "curl" {
				t.Skip("curl is not installed")
			}
			text := readReadme(t)
			p := start(t)
			here := strings.NewReplacer(readmeAddress, p.address, readmePassword, p.password)
			there := strings.NewReplacer(p.address, readmeAddress, p.password, readmePassword)
			got := consoleBlock.ReplaceAllStringFunc(text, func(block string) string {
				var b strings.Builder
				b.WriteString("```console\n")
				for _, command := range commands(block) {
					b.WriteString("$ " + command + "\n")
					if command == startCommand {
						b.WriteString(there.Replace(p.welcome))
					} else {
						b.WriteString(there.Replace(run(t, p, words(t, here.Replace(command)))))
					}
				}
				return b.String() + "```\n"
			})
			if *update && name == "raw" {
				if err := os.WriteFile(readme, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, undated(t, got), undated(t, text))
		})
	}
}

// commands returns the commands of a console block.
func commands(block string) (commands []string) {
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, strings.TrimSuffix(command, "\n"))
		}
	}
	return commands
}

// words splits a command as a shell would, as far as the README needs it.
func words(t *testing.T, command string) (words []string) {
	t.Helper()
	word, quoted, started := "", false, false
	for _, c := range command {
		switch {
		case c == '\'':
			quoted, started = !quoted, true
		case c == ' ' && !quoted:
			if started {
				words = append(words, word)
			}
			word, started = "", false
		case !quoted && strings.ContainsRune("\"\\$`|&;<>*?(){}~#", c):
			t.Fatalf("%s: %q is not in single quotes", command, c)
		default:
			word, started = word+string(c), true
		}
	}
	if quoted {
		t.Fatalf("%s: a quote is open", command)
	}
	return append(words, word)
}

// runCurl runs a command that is curl.
func runCurl(t *testing.T, _ *process, words []string) string {
	t.Helper()
	if words[0] != "curl" {
		t.Fatalf("%q isn't curl", words)
	}
	out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-q", "-sS", "--noproxy", "*"}, words[1:]...)...).Output()
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// runRaw sends and prints what curl would for this command.
func runRaw(t *testing.T, p *process, words []string) string {
	t.Helper()
	if words[0] != "curl" {
		t.Fatalf("%q isn't curl", words)
	}
	method, body, target, include := "", "", &url.URL{}, false
	headers := map[string]string{"User-Agent": "curl", "Accept": "*/*"}
	value := func(i int) string {
		if i+1 == len(words) {
			t.Fatalf("%q: there is nothing after %s", words, words[i])
		}
		return words[i+1]
	}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-i":
			include = true
			continue
		case "-X":
			method = value(i)
		case "-d":
			body = value(i)
		case "-u":
			headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(value(i)))
		case "-H":
			name, value, _ := strings.Cut(value(i), ": ")
			headers[name] = value
		default:
			u, err := url.Parse(words[i])
			if err != nil || u.Scheme != "http" || target.Host != "" {
				t.Fatalf("%q: %s isn't the one URL, nor an option that this test knows", words, words[i])
			}
			target = u
			continue
		}
		i++
	}
	if headers["Host"] == "" {
		headers["Host"] = target.Host
	}
	if body != "" {
		headers["Content-Length"] = fmt.Sprint(len(body))
		if headers["Content-Type"] == "" {
			headers["Content-Type"] = "application/x-www-form-urlencoded"
		}
	}
	if method == "" {
		method = http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
	}
	var request strings.Builder
	fmt.Fprintf(&request, "%s %s HTTP/1.1\r\n", method, target.RequestURI())
	for name, value := range headers {
		fmt.Fprintf(&request, "%s: %s\r\n", name, value)
	}
	request.WriteString("\r\n" + body)
	_, raw := p.sendRaw(t, request.String())
	header, body, _ := strings.Cut(raw, "\r\n\r\n")
	if include {
		return strings.ReplaceAll(header, "\r\n", "\n") + "\n\n" + body
	}
	return body
}

// undated returns text with one date in all Date headers, which must have one.
func undated(t *testing.T, text string) string {
	t.Helper()
	return dateLine.ReplaceAllStringFunc(text, func(line string) string {
		if _, err := http.ParseTime(strings.TrimPrefix(line, "Date: ")); err != nil {
			t.Error(err)
		}
		return "Date: now"
	})
}

// compare reports the first line in which what the README should be and what it
// is differ.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(the end)"
		}
		if line(g) != line(w) {
			t.Fatalf("README.md:%d: got %q, want %q", i+1, line(g), line(w))
		}
	}
}
