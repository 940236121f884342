package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// What is secret isn't in the log, whoever asks for it and however.
func TestSecretsAreNotLogged(t *testing.T) {
	dir := t.TempDir()
	p := processtest.Start(t, binary, "-data", dir, "-listen", "127.0.0.1:0", "-admin", "")
	secrets := accountFile(t, dir)
	client := &http.Client{Timeout: patient}
	defer client.CloseIdleConnections()
	for _, path := range []string{
		"/x/" + secrets["token"] + "/statlist", "/x/" + secrets["token"] + "/none", "/x/" + secrets["token"], "//x/" + secrets["token"] + "/stat",
		"/x/" + secrets["token"] + "/data/x?t=zzz", "/embed/" + secrets["token"] + ".svg", "/destroy/" + secrets["token"], "/X/" + secrets["token"] + "/statlist", "/a/" + secrets["token"],
	} {
		rs, err := client.Get(p.Base() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = rs.Body.Close()
	}
	p.Stop(t)
	_, log, _ := strings.Cut(p.Output(), "and read ")
	for _, name := range []string{"token", "password"} {
		if strings.Contains(log, secrets[name]) {
			t.Errorf("the %s is in the log:\n%s", name, log)
		}
	}
	if !strings.Contains(log, "/x/REDACTED/statlist") {
		t.Errorf("got %s", log)
	}
}

// accountFile returns what the service has written of the first account, by name.
func accountFile(t *testing.T, data string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "account"))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		fields[name] = value
	}
	return fields
}
