package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// What callers ask for, by the types of the service.
var (
	addProject = tigertonic.Declare[Project, tigertonic.CreatedResponse[Project]]("POST", "/projects")
	addIssue   = tigertonic.Declare[addIssueIn, tigertonic.CreatedResponse[Issue]]("POST", "/projects/{project}/issues")
	listIssues = tigertonic.Declare[listIn, []Issue]("GET", "/projects/{project}/issues")
	watch      = tigertonic.Declare[watchIn, iter.Seq2[Issue, error]]("GET", "/projects/{project}/changes")
	showIssue  = tigertonic.Declare[one, tigertonic.Versioned[Issue]]("GET", "/issues/{id}")
	patchIssue = tigertonic.Declare[patchIn, tigertonic.Versioned[Issue]]("PATCH", "/issues/{id}")
	attach     = tigertonic.Declare[attachIn, tigertonic.CreatedResponse[Attachment]]("POST", "/issues/{id}/attachments")
	download   = tigertonic.Declare[one, tigertonic.Stream]("GET", "/attachments/{id}")
)

// newIssue adds a project and an issue of it.
func newIssue(t *testing.T, s *tested) Issue {
	t.Helper()
	if _, err := client.Call(t.Context(), s.Client, addProject, &Project{ID: "kettle", Name: "The kettle"}); err != nil {
		t.Fatal(err)
	}
	made, err := client.Call(t.Context(), s.Client, addIssue, &addIssueIn{"kettle", Content{Title: "It leaks", State: "open"}})
	if err != nil {
		t.Fatal(err)
	}
	return made.Body
}

func changing(t *testing.T, i *Issue, patch string) *patchIn {
	t.Helper()
	in := patchIn{one: one{i.ID}}
	in.IfMatch = []string{versioned(i).ETag}
	if err := json.Unmarshal([]byte(patch), &in.Body); err != nil {
		t.Fatal(err)
	}
	return &in
}

func TestIssuesAreKept(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, s *tested) {
		i := newIssue(t, s)
		if i.Author != "ann" || i.Version != 1 || i.State != "open" || i.Labels == nil {
			t.Errorf("got %+v", i)
		}
		_, err := client.Call(t.Context(), s.Client, addProject, &Project{ID: "kettle", Name: "Another"})
		if _, ok := errors.AsType[tigertonic.Conflict](err); !ok {
			t.Errorf("got %v, want 409", err)
		}
		_, err = client.Call(t.Context(), s.Client, addIssue, &addIssueIn{"teapot", Content{Title: "It leaks", State: "open"}})
		if _, ok := errors.AsType[tigertonic.NotFound](err); !ok {
			t.Errorf("got %v, want 404", err)
		}
		shown, err := client.Call(t.Context(), s.Client, showIssue, &one{i.ID})
		if err != nil || shown.Body.Title != i.Title || shown.ETag != `"1"` {
			t.Errorf("got %+v and %v", shown, err)
		}
		changed, err := client.Call(t.Context(), s.Client, patchIssue, changing(t, &i, `{"state":"closed","labels":["water"]}`))
		if err != nil || changed.Body.State != "closed" || changed.Body.Title != "It leaks" || changed.ETag != `"2"` {
			t.Errorf("got %+v and %v", changed, err)
		}
		_, err = client.Call(t.Context(), s.Client, patchIssue, changing(t, &i, `{"state":"open"}`))
		if _, ok := errors.AsType[tigertonic.PreconditionFailed](err); !ok {
			t.Errorf("got %v, want 412", err)
		}
		if rs := s.ask(t, "PATCH", "/issues/"+i.ID, `{"state":"open"}`, "Content-Type", "application/merge-patch+json"); rs.StatusCode != http.StatusPreconditionRequired {
			t.Errorf("got %s, want 428", rs.Status)
		}
		if rs := s.ask(t, "PATCH", "/issues/"+i.ID, `{"author":"bob"}`, "Content-Type", "application/merge-patch+json", "If-Match", "*"); rs.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("got %s, want 422: who wrote it can't be changed", rs.Status)
		}
		if rs := s.ask(t, "GET", "/issues/"+i.ID, "", "If-None-Match", `"2"`); rs.StatusCode != http.StatusNotModified {
			t.Errorf("got %s, want 304", rs.Status)
		}
	})
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, s *tested) {
		ids := []string{newIssue(t, s).ID}
		for _, title := range []string{"It whistles", "It's red"} {
			made, err := client.Call(t.Context(), s.Client, addIssue, &addIssueIn{"kettle", Content{Title: title, State: "open"}})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, made.Body.ID)
		}
		if _, err := client.Call(t.Context(), s.Client, patchIssue, changing(t, &Issue{ID: ids[1], Version: 1}, `{"state":"closed"}`)); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			in   listIn
			want []string
		}{
			{listIn{Limit: 2, State: "any"}, ids[:2]},
			{listIn{Limit: 2, State: "any", After: ids[1]}, ids[2:]},
			{listIn{Limit: 9, State: "open"}, []string{ids[0], ids[2]}},
			{listIn{Limit: 9, State: "closed"}, ids[1:2]},
		} {
			tt.in.Project = "kettle"
			all, err := client.Call(t.Context(), s.Client, listIssues, &tt.in)
			var got []string
			for _, i := range all {
				got = append(got, i.ID)
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%+v: got %v and %v, want %v", tt.in, got, err, tt.want)
			}
		}
	})
}

func TestAttachmentsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, s *tested) {
		i := newIssue(t, s)
		png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte("pixels"), 100_000)...)
		rs := upload(t, s, i.ID, `../a "leak".png`, "image/png", bytes.NewReader(png))
		var made Attachment
		if err := json.Unmarshal([]byte(read(t, rs)), &made); err != nil || rs.StatusCode != http.StatusCreated || made.Size != size(len(png)) || made.Name != `a "leak".png` {
			t.Fatalf("got %s, %+v and %v", rs.Status, made, err)
		}
		got, err := client.Call(t.Context(), s.Client, download, &one{made.ID})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(got); err != nil || !bytes.Equal(all, png) || got.ContentType != "image/png" {
			t.Errorf("got %d bytes of %s and %v", len(all), got.ContentType, err)
		}
		rs = s.ask(t, "GET", "/attachments/"+made.ID, "", "Range", "bytes=1-3")
		again, err := client.Call(t.Context(), s.Client, attach, &attachIn{one: one{i.ID}, File: tigertonic.File{Name: "a.png", ContentType: "image/png", Size: -1, Reader: bytes.NewReader(png)}})
		if err != nil || again.Body.Size != made.Size || again.Location != "/attachments/"+again.Body.ID {
			t.Errorf("got %+v and %v", again, err)
		}
		if text := read(t, rs); rs.StatusCode != http.StatusPartialContent || text != "PNG" {
			t.Errorf("got %s and %q", rs.Status, text)
		}
		if got := rs.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") || strings.Contains(got, "..") {
			t.Errorf("got %q", got)
		}
		rs = upload(t, s, i.ID, "a.html", "text/html", strings.NewReader("<script>"))
		if text := read(t, rs); rs.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(text, "image/png") {
			t.Errorf("got %s: %s", rs.Status, text)
		}
		rs = upload(t, s, i.ID, "a.txt", "text/plain", io.LimitReader(zeros{}, 33<<20))
		if rs.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("got %s, want 413", rs.Status)
		}
		if left, err := os.ReadDir(s.folder); err != nil || len(left) != 2 {
			t.Errorf("there are %d files and %v, want the two that were kept", len(left), err)
		}
	})
}

// upload sends a file as a browser does, as it reads it.
func upload(t *testing.T, s *tested, issue, name, mediaType string, file io.Reader) *http.Response {
	t.Helper()
	body, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {multipart.FileContentDisposition("file", name)}, "Content-Type": {mediaType},
		})
		if err == nil {
			_, err = io.Copy(part, file)
		}
		_ = w.CloseWithError(errors.Join(err, form.Close()))
	}()
	defer body.Close() // so that the writer ends
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/issues/"+issue+"/attachments", body)
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", form.FormDataContentType())
	recorder := httptest.NewRecorder()
	promised().Handler(t, s.Handler).ServeHTTP(recorder, r)
	return recorder.Result()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestWatchersSeeEachChangeOnce(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, s *tested) {
		i := newIssue(t, s)
		changes := make(chan Issue)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer close(changes)
			for change, err := range client.Stream(t.Context(), s.Client, watch, &watchIn{"kettle"}, client.StreamOptions{}) {
				if err != nil {
					t.Error(err)
					return
				}
				changes <- change
				if change.State == "closed" {
					return
				}
			}
		}()
		seen := map[int64]bool{}
		patch := `{"state":"open"}`
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.After(30 * time.Second); ; {
			select {
			case change, ok := <-changes:
				if !ok {
					if len(seen) < 2 || !seen[i.Version] {
						t.Errorf("saw the versions %v, and the last was %d", seen, i.Version)
					}
					<-ended
					return
				}
				if seen[change.Version] {
					t.Errorf("version %d twice", change.Version)
				}
				if seen[change.Version] = true; len(seen) == 2 {
					patch = `{"state":"closed"}`
				}
			case <-tick.C:
				if i.State == "closed" {
					continue
				}
				out, err := client.Call(t.Context(), s.Client, patchIssue, changing(t, &i, patch))
				if err != nil {
					t.Error(err)
				}
				i = out.Body
			case <-deadline:
				t.Fatal("no change was seen for 30 seconds")
			}
		}
	})
}

// Whoever changes a version that somebody else has changed meanwhile is told, and takes
// nothing back. A lock makes all of them meet in the database.
func TestOneOfSeveralChangesOfAVersionWins(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, s *tested) {
		i := newIssue(t, s)
		lock, err := s.db.BeginTx(t.Context(), nil)
		if err == nil {
			_, err = lock.ExecContext(t.Context(), "UPDATE projects SET changes = changes")
		}
		if err != nil {
			t.Fatal(err)
		}
		results := make(chan error)
		const at = 4
		for n := range at {
			in := changing(t, &i, fmt.Sprintf(`{"title":"It leaks %d cups a day"}`, n))
			go func() {
				_, err := client.Call(t.Context(), s.Client, patchIssue, in)
				results <- err
			}()
		}
		time.Sleep(time.Second)
		if err := lock.Rollback(); err != nil {
			t.Error(err)
		}
		won := 0
		for range at {
			err := <-results
			if _, ok := errors.AsType[tigertonic.PreconditionFailed](err); err != nil && !ok {
				t.Errorf("got %v, want 412", err)
			}
			if err == nil {
				won++
			}
		}
		shown, err := client.Call(t.Context(), s.Client, showIssue, &one{i.ID})
		if err != nil || won != 1 || shown.ETag != `"2"` {
			t.Errorf("%d changes were made, and then it is %+v, %v", won, shown, err)
		}
	})
}
