package mcp_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The inspector is the protocol's own client for people, without its page: what npm ci
// installs in the folder of this module. Without it the test is skipped, or fails if the
// environment has TIGERTONIC_REQUIRE_INSPECTOR.
func TestTheInspectorFindsAndCallsTools(t *testing.T) {
	inspector, err := filepath.Abs("node_modules/.bin/mcp-inspector")
	if err == nil {
		_, err = os.Stat(inspector)
	}
	if err != nil {
		if os.Getenv("TIGERTONIC_REQUIRE_INSPECTOR") != "" {
			t.Fatal("the inspector isn't installed (npm ci in this folder), and TIGERTONIC_REQUIRE_INSPECTOR is set")
		}
		t.Skip("the inspector isn't installed (npm ci in this folder)")
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
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, inspector, append([]string{"--cli", server.URL + "/mcp", "--transport", "http"}, tt.args...)...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "NO_PROXY=127.0.0.1")
		out, err := cmd.CombinedOutput()
		cancel()
		for _, want := range tt.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q: got %v and %s, want %s in it", tt.args, err, out, want)
			}
		}
	}
}
