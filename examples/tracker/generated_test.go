package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/conformance/generate"
)

// Each program in testdata calls the service by a client that is made of its document, and
// says what came of it.
const calls = `create /projects/ID/issues
error 409
create It leaks open 1
list 1 true
patch closed "2"
error 412
upload notes.txt 5
download water <nil>
stream It drips
`

// calling runs a program against a service, and checks what it says.
func calling(t *testing.T, id, program string, run func(program, url, token string) (output string, ok bool)) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", program))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100_000})
	server := httptest.NewServer(promised().Handler(t, s.Handler))
	defer server.Close()
	if got, ok := run(string(text), server.URL, s.token); !ok || got != strings.ReplaceAll(calls, "ID", id) {
		t.Errorf("got %t and %s", ok, got)
	}
}

func TestTypeScriptCallsTheTracker(t *testing.T) {
	t.Parallel()
	calling(t, "ts", "typescript/client.mts", func(program, url, token string) (string, bool) {
		return generate.RunTypeScript(t, document().JSON(), program, url, token)
	})
}

func TestOapiCodegenCallsTheTracker(t *testing.T) {
	t.Parallel()
	calling(t, "oapi", "oapi-codegen/main.go.txt", func(program, url, token string) (string, bool) {
		return generate.OapiCodegen(t, document().JSON()).Run(t, program, url, token)
	})
}

func TestOgenCallsTheTracker(t *testing.T) {
	t.Parallel()
	calling(t, "ogen", "ogen/main.go.txt", func(program, url, token string) (string, bool) {
		return generate.Ogen(t, withoutEncodings(t, document().JSON())).Run(t, program, url, token)
	})
}

// withoutEncodings returns a document without the media types of the files in forms, which
// ogen can't read: jq 'del(.. | .encoding?)'.
func withoutEncodings(t *testing.T, doc []byte) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber() // for those that no float64 is
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	var clean func(value any)
	clean = func(value any) {
		switch x := value.(type) {
		case map[string]any:
			delete(x, "encoding")
			for _, member := range x {
				clean(member)
			}
		case []any:
			for _, item := range x {
				clean(item)
			}
		}
	}
	clean(value)
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
