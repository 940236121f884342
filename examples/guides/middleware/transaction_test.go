package middleware

import (
	"database/sql"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func TestCallIsCommittedOnlyIfItSucceeds(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "teas.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE teas (name TEXT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	h := teas(db)
	for body, want := range map[string]int{`{"name":"green"}`: 204, `{"name":"spilt"}`: 409, `{"name":1}`: 422} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/teas", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", body, w.Code, want)
		}
	}
	var names string
	if err := db.QueryRowContext(t.Context(), "SELECT group_concat(name) FROM teas").Scan(&names); err != nil || names != "green" {
		t.Errorf("got %q and %v, want green alone", names, err)
	}
}
