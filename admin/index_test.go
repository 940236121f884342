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
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/admin"
)

func TestPagesHaveNoScriptAndTheirPolicyAllowsTheirStyle(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, path := range []string{"/", "/debug/pprof/"} {
		w := ask(t, a, "GET", path, "")
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
		require.Len(t, style, 2)
		sum := sha256.Sum256([]byte(style[1]))
		assert.Equal(t, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; style-src 'sha256-"+
			base64.StdEncoding.EncodeToString(sum[:])+"'", w.Header().Get("Content-Security-Policy"))
		assert.NotRegexp(t, `(?i)<script|<form|<iframe| style=| on[a-z]+=`, w.Body.String())
		assert.NotContains(t, w.Body.String(), "ZgotmplZ")
	}
}

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
	assert.Contains(t, get(t, a, "/"), `<span class="state">Ready</span>`)
	a.Check("well", time.Second, passes)
	a.Check(hostile, time.Second, func(context.Context) error { return errors.New(hostile) })
	page := get(t, a, "/")
	assert.Contains(t, page, `<span class="state bad">Not ready</span>`)
	assert.Contains(t, page, `<span class="name">well</span><span class="state">OK</span>`)
	assert.Contains(t, page, `<p class="error">&lt;script&gt;`)
	assert.NotContains(t, page, "<script")
	assert.Contains(t, page, "What is logged is INFO and above.")
	assert.Contains(t, page, "http://127.0.0.1:8001/log")
}
