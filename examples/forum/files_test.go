package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// picture returns a PNG.
func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// form returns a form with a file, and its media type.
func form(t testing.TB, name, contentType string, content []byte) (body []byte, header string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)}, "Content-Type": {contentType},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func (r *rig) upload(t testing.TB, token, query, name, contentType string, content []byte) reply {
	t.Helper()
	body, header := form(t, name, contentType, content)
	return r.do(t, "one", token, "POST /files"+query, string(body), "Content-Type", header)
}

// kept returns how many files there are on the disk.
func (r *rig) kept(t testing.TB) (n int) {
	t.Helper()
	_ = filepath.WalkDir(r.files, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return nil
	})
	return n
}

func TestFilesAreKeptAndServedSafely(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	content := picture(t, 80, 40)
	r.upload(t, "", "", "x.png", "image/png", content).want(t, 401, codeLogin)
	got := r.upload(t, r.ann, "", `../../"evil<script>.png`, "image/png", content).want(t, 201, 0).
		has(t, "data.mimeType", "image/png", "data.width", 80, "data.height", 40, "data.fileSize", len(content), "data.fileExt", "png")
	if name := got.text("data.fileName"); strings.ContainsAny(name, "/\\") {
		t.Errorf("the file is called %q", name)
	}
	hash := got.text("data.fileHash")
	file := r.do(t, "one", r.ann, "GET /files/"+hash+".png", "").want(t, 200, 0)
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": "inline; filename=" + hash[:16] + ".png",
	} {
		if got := file.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if file.body != string(content) {
		t.Error("the file is another")
	}
	small := r.upload(t, r.ann, "?maxWidth=20&maxHeight=20", "x.png", "image/png", content).want(t, 201, 0).has(t, "data.width", 20, "data.height", 10)
	thumbnail := r.do(t, "one", r.ann, "GET /files/"+small.text("data.fileHash"), "").want(t, 200, 0)
	if m, err := png.DecodeConfig(strings.NewReader(thumbnail.body)); err != nil || m.Width != 20 {
		t.Errorf("got %v, %v", m, err)
	}
	text := r.upload(t, r.ann, "", "a.txt", "text/plain", []byte("just text")).want(t, 201, 0).text("data.fileHash")
	if got := r.do(t, "one", r.ann, "GET /files/"+text, "").want(t, 200, 0).header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("got %q", got)
	}

	// Nobody else reads it before it is attached to what they may read.
	r.do(t, "one", r.bob, "GET /files/"+hash, "").want(t, 404, 0)
	r.do(t, "two", r.token(t, "two", "owner"), "GET /files/"+hash, "").want(t, 404, 0)
	comment := r.say(t, r.ann, r.begin(t, r.ann, "Pictures"), "look")
	at := fmt.Sprintf("/comments/%d/attachments", comment)
	attach := fmt.Sprintf(`{"fileHash":%q}`, hash)
	r.do(t, "one", r.bob, "POST "+at, attach).want(t, 403, codeUpdate)
	r.do(t, "one", r.ann, "POST "+at, attach).want(t, 201, 0)
	r.do(t, "one", "", "GET "+at, "").want(t, 200, 0).has(t, "data.attachments.total", 1, "data.attachments.items.0.fileHash", hash)
	r.do(t, "one", "", "GET /files/"+hash, "").want(t, 200, 0)
	r.do(t, "two", "", "GET /files/"+hash, "").want(t, 404, 0)
	r.do(t, "two", "", "GET "+at, "").want(t, 404, 0)
	r.do(t, "one", "", "GET /search?q=look&has=attachment", "").has(t, "data.results.total", 1)
	r.do(t, "one", r.ann, "DELETE "+at+"/"+hash, "").want(t, 200, 0)
	r.do(t, "one", "", "GET /files/"+hash, "").want(t, 404, 0)
	for _, name := range []string{"../../etc/passwd", strings.Repeat("0", 64) + "/x", "%2e%2e%2fforum.db", strings.Repeat("0", 63)} {
		if got := r.do(t, "one", r.ann, "GET /files/"+name, ""); got.status != 404 && got.status != 422 && got.status != 400 {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
}

func TestBadUploadsLeaveNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	html := []byte("<html><script>alert(1)</script></html>")
	for name, content := range map[string][]byte{
		"HTML": html, "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "XML": []byte("<?xml version='1.0'?><a/>"), "nothing": nil,
		"a program": []byte("\x7fELF\x02\x01\x01"), "a picture's beginning": append([]byte("\x89PNG\x0D\x0A\x1A\x0A"), html...),
	} {
		if got := r.upload(t, r.ann, "", "x.png", "image/png", content); got.status != 415 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	if got := r.upload(t, r.ann, "", "x.jpg", "image/jpeg", picture(t, 8, 8)); got.status != 415 {
		t.Errorf("a PNG called JPEG: got %d", got.status)
	}
	large := append(picture(t, 8, 8), make([]byte, 31_000_000)...)
	r.upload(t, r.ann, "", "x.png", "image/png", large).want(t, 413, 0)

	// One that is cut short.
	body, header := form(t, "x.png", "image/png", append(picture(t, 8, 8), make([]byte, 100_000)...))
	rq, err := http.NewRequestWithContext(t.Context(), "POST", r.server.URL+"/api/v1/files", io.MultiReader(bytes.NewReader(body[:50_000]), failing{}))
	if err != nil {
		t.Fatal(err)
	}
	rq.Host, rq.ContentLength = "one.forum.test", int64(len(body))
	rq.Header.Set("Content-Type", header)
	rq.Header.Set("Authorization", "Bearer "+r.ann)
	if rs, err := http.DefaultClient.Do(rq); err == nil {
		_ = rs.Body.Close()
		if rs.StatusCode == http.StatusCreated {
			t.Error("half a file was taken")
		}
	}
	for deadline := time.Now().Add(patient); r.kept(t) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d files are left", r.kept(t))
		}
	}
	// What a process has left that died is swept, and what is known stays.
	hash := r.upload(t, r.ann, "", "x.png", "image/png", picture(t, 8, 8)).want(t, 201, 0).text("data.fileHash")
	orphan := filepath.Join(r.files, ".aside-1")
	if err := os.WriteFile(orphan, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.sweep(t.Context(), time.Now()); err != nil || r.kept(t) != 2 {
		t.Errorf("got %v, %d files", err, r.kept(t))
	}
	if err := r.sweep(t.Context(), time.Now().Add(2*orphanFor)); err != nil || r.kept(t) != 1 {
		t.Errorf("got %v, %d files", err, r.kept(t))
	}
	r.do(t, "one", r.ann, "GET /files/"+hash, "").want(t, 200, 0)
}

// failing is a client that goes away.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
