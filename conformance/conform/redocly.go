package conform

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Redocly is an error of the test if redocly's linter has something against the
// document, be it a warning only. The linter is what npm ci installs in the folder
// of this module; without it the test is skipped, or fails if the environment has
// TIGERTONIC_REQUIRE_REDOCLY. It uses no network.
func Redocly(t testing.TB, doc []byte) {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	module := filepath.Dir(filepath.Dir(file))
	linter := filepath.Join(module, "node_modules", ".bin", "redocly")
	if _, err := os.Stat(linter); err != nil {
		if os.Getenv("TIGERTONIC_REQUIRE_REDOCLY") != "" {
			t.Fatalf("redocly isn't installed (npm ci in %s), and TIGERTONIC_REQUIRE_REDOCLY is set", module)
		}
		t.Skipf("redocly isn't installed (npm ci in %s): the document is not linted", module)
	}
	path := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(path, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	config := filepath.Join(module, "redocly.yaml")
	cmd := exec.CommandContext(ctx, "npx", "--no-install", "redocly", "lint", "--config", config, "--format", "json", path) //nolint:gosec // both are paths of ours
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "npm_config_update_notifier=false", "npm_config_offline=true")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("redocly: %v\n%s\n%s", err, stdout.Bytes(), stderr.Bytes())
		return
	}
	if !bytes.Contains(stdout.Bytes(), []byte(`"problems": []`)) {
		t.Errorf("redocly has found:\n%s", stdout.Bytes())
	}
}
