package verify

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openDir(store string) (Objects, error) {
	if strings.HasPrefix(store, "s3:") {
		return nil, errors.New("no S3 here")
	}
	return Dir(store), nil
}

func TestCommandTellsAndExits(t *testing.T) {
	w := newWorld(t)
	w.put(`[1]`, "a")
	w.write(t)
	acked := filepath.Join(t.TempDir(), "acked")
	extra := filepath.Join(t.TempDir(), "extra")
	lost := newWorld(t)
	lost.ack(`[2]`, "b", 7)
	for name, text := range map[string][]byte{acked: w.outcomes.Bytes(), extra: lost.outcomes.Bytes()} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	queued := filepath.Join(t.TempDir(), "queued")
	stream := newWorld(t)
	stream.ack(`[1]`, "INGEST", 1)
	if err := os.WriteFile(queued, stream.outcomes.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"-acked " + acked + " -store " + w.dir, 0, "exactly what was acknowledged"},
		{"-acked " + acked + " -exact -store " + w.dir, 0, "exactly what was acknowledged"},
		{"-acked " + acked + " -acked " + extra + " -store " + w.dir, 1, "segment b lacks 1"},
		{"-acked " + acked + " -acked " + extra + " -store " + w.dir, 1, "missing: request 0, "},
		{"-acked " + queued + " -store " + w.dir, 1, "elsewhere: request 0, "},
		{"-acked " + queued + " -anywhere -exact -store " + w.dir, 0, "exactly what was acknowledged"},
		{"-acked " + empty + " -store " + w.dir, 0, "everything that was acknowledged is there"},
		{"-acked " + empty + " -exact -store " + w.dir, 1, "unknown: "},
		{"-acked " + acked + " -store " + w.dir + "/none", 2, "no such file"},
		{"-acked " + w.dir + "/none -store " + w.dir, 2, "no such file"},
		{"-acked " + acked + " -store s3://bucket", 2, "no S3 here"},
		{"-acked " + acked, 2, "have to be given"},
		{"-store " + w.dir, 2, "have to be given"},
		{"-unknown", 2, "not defined"},
		{"-help", 0, "-acked"},
	} {
		var out bytes.Buffer
		if code := Main(t.Context(), strings.Fields(test.args), &out, &out, openDir); code != test.code || !strings.Contains(out.String(), test.says) {
			t.Errorf("verify %s: got %d, want %d and %q:\n%s", test.args, code, test.code, test.says, out.String())
		}
	}
}
