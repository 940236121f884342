package admin_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/admin"
)

// hashOf returns how a policy names the one element of this kind in a page.
func hashOf(t *testing.T, page, element string) string {
	t.Helper()
	all := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
	require.Len(t, all, 1)
	sum := sha256.Sum256([]byte(all[0][1]))
	return element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// withoutScript returns a page without the one script that it may have.
func withoutScript(page string) string {
	before, rest, _ := strings.Cut(page, "<script>")
	_, after, _ := strings.Cut(rest, "</script>")
	return before + after
}

func TestPoliciesOfPagesAllowTheirStyleAndTheIndexItsScript(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, path := range []string{"/", "/debug/pprof/"} {
		w := ask(t, a, "GET", path, "")
		page := w.Body.String()
		policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; " + hashOf(t, page, "style")
		if path == "/" {
			policy += "; " + hashOf(t, page, "script") + "; connect-src 'self'"
			page = withoutScript(page)
		}
		assert.Equal(t, policy, w.Header().Get("Content-Security-Policy"))
		assert.NotRegexp(t, hostileHTML, page)
		assert.NotContains(t, page, "ZgotmplZ")
	}
}

// hostileHTML is what no page has, but for the index's own script.
const hostileHTML = `(?i)<script|<form|<iframe| style=| on[a-z]+=`

func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	a := newAdmin(service, admin.Options{Level: &slog.LevelVar{}})
	links := 0
	for _, page := range []string{"/", "/debug/pprof/"} {
		base, err := url.Parse(page)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllStringSubmatch(get(t, a, page), -1) {
			target, err := base.Parse(match[1])
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, ask(t, a, "HEAD", target.String(), "").Code, target)
			links++
		}
	}
	assert.Greater(t, links, 20)
}

func TestIndexShowsTheStateAndEscapes(t *testing.T) {
	const hostile = `<script>alert(1)</script>"'`
	a := newAdmin(service, admin.Options{Name: hostile, Version: hostile, Level: &slog.LevelVar{}})
	assert.Contains(t, get(t, a, "/"), "There are none.")
	assert.Contains(t, get(t, a, "/"), `<span id="state" class="state">Ready</span>`)
	a.Check("well", time.Second, passes)
	a.Check(hostile, time.Second, func(context.Context) error { return errors.New(hostile) })
	page := withoutScript(get(t, a, "/"))
	assert.Contains(t, page, `<span id="state" class="state bad">Not ready</span>`)
	assert.Contains(t, page, `<span class="name">well</span><span class="state">OK</span>`)
	assert.Contains(t, page, `<p class="error">&lt;script&gt;`)
	assert.NotContains(t, page, "<script")
	assert.Contains(t, page, "What is logged is INFO and above.")
	assert.Contains(t, page, "http://127.0.0.1:8001/log")
}
