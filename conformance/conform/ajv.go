package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// A PatternTest is a regular expression of JSON Schema's, and texts to try.
type PatternTest struct {
	Pattern string   `json:"pattern"`
	Texts   []string `json:"texts"`
}

// A PatternResult is what Ajv says of a PatternTest: which of the texts match, or why
// the pattern isn't one.
type PatternResult struct {
	Matches []bool `json:"matches"`
	Error   string `json:"error"`
}

// Patterns returns what Ajv, which reads patterns as ECMA-262 with the flag u, says
// of each test. Ajv is what npm ci installs in the folder of this module; without it
// the test is skipped, or fails if the environment has TIGERTONIC_REQUIRE_AJV.
func Patterns(t testing.TB, tests []PatternTest) []PatternResult {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	module := filepath.Dir(filepath.Dir(file))
	if _, err := os.Stat(filepath.Join(module, "node_modules", "ajv")); err != nil {
		if os.Getenv("TIGERTONIC_REQUIRE_AJV") != "" {
			t.Fatalf("ajv isn't installed (npm ci in %s), and TIGERTONIC_REQUIRE_AJV is set", module)
		}
		t.Skipf("ajv isn't installed (npm ci in %s): the patterns are not tried", module)
	}
	var stdin, stdout, stderr bytes.Buffer
	encoder := json.NewEncoder(&stdin)
	for _, test := range tests {
		if err := encoder.Encode(test); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(module, "conform", "ajv.js")) //nolint:gosec // it is ours
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = module, &stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ajv: %v\n%s", err, stderr.Bytes())
	}
	results := make([]PatternResult, len(tests))
	decoder := json.NewDecoder(&stdout)
	for i := range results {
		if err := decoder.Decode(&results[i]); err != nil {
			t.Fatalf("ajv's answer: %v", err)
		}
	}
	return results
}
