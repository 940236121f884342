package mcp_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// inspectorsNode is what the inspector needs at least, of which Debian's is an older one: on
// Linux, npm ci installs this one beside it.
const inspectorsNode = "v22.19"

// inspectorsPath returns a PATH on which the inspector finds a Node that it runs on. Without
// one, or without the inspector, the test is skipped, or fails if the environment has
// TIGERTONIC_REQUIRE_INSPECTOR or TIGERTONIC_REQUIRE_NODE.
func inspectorsPath(t *testing.T) string {
	t.Helper()
	_, err := os.Stat("node_modules/.bin/mcp-inspector")
	installed, _ := filepath.Glob("node_modules/node-*/bin")
	for _, dir := range append(installed, "") {
		if err != nil {
			break
		}
		path := os.Getenv("PATH")
		if dir != "" {
			whole, failure := filepath.Abs(dir)
			if failure != nil {
				t.Fatal(failure)
			}
			path = whole + string(os.PathListSeparator) + path
		}
		cmd := exec.CommandContext(t.Context(), "/usr/bin/env", "node", "--version")
		cmd.Env = append(os.Environ(), "PATH="+path)
		if out, failure := cmd.Output(); failure == nil && newer(string(out), inspectorsNode) {
			return path
		}
	}
	why := "the inspector isn't installed (npm ci in this folder), or no Node " + inspectorsNode + " that it runs on"
	if os.Getenv("TIGERTONIC_REQUIRE_INSPECTOR")+os.Getenv("TIGERTONIC_REQUIRE_NODE") != "" {
		t.Fatal(why + ", and the environment requires it")
	}
	t.Skip(why)
	return ""
}

// newer reports whether a version, v22.23.3, is not older than another.
func newer(version, least string) bool {
	var major, minor, wantMajor, wantMinor int
	_, err := fmt.Sscanf(version, "v%d.%d", &major, &minor)
	_, failure := fmt.Sscanf(least, "v%d.%d", &wantMajor, &wantMinor)
	return err == nil && failure == nil && (major > wantMajor || major == wantMajor && minor >= wantMinor)
}

// The inspector is the protocol's own client for people, without its page.
func TestTheInspectorFindsAndCallsTools(t *testing.T) {
	path := inspectorsPath(t)
	inspector, err := filepath.Abs("node_modules/.bin/mcp-inspector")
	if err != nil {
		t.Fatal(err)
	}
	mux, _ := newTree(t, everything)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"--method", "tools/list"}, []string{`"name": "show_note"`, `"readOnlyHint": true`, `"name": "remove"`}},
		{[]string{"--method", "tools/call", "--tool-name", "show_note", "--tool-arg", "id=milk"}, []string{`"structuredContent"`, "Buy some."}},
		{[]string{"--method", "tools/call", "--tool-name", "show_note", "--tool-arg", "id=eve"}, []string{`"isError": true`, "there is no such note"}},
		{
			[]string{"--header", "Authorization: Basic dTpw", "--method", "tools/call", "--tool-name", "remove", "--tool-arg", "id=milk"},
			[]string{`"text": "done"`},
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, inspector, append([]string{"--cli", server.URL + "/mcp", "--transport", "http"}, tt.args...)...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "NO_PROXY=127.0.0.1", "PATH="+path)
		out, err := cmd.CombinedOutput()
		cancel()
		for _, want := range tt.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q: got %v and %s, want %s in it", tt.args, err, out, want)
			}
		}
	}
}
