package openapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// ask returns what a page answers to a query.
func ask(t *testing.T, page http.Handler, query string) (status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs/"+query, nil))
	return w.Code, w.Body.String()
}

var queries = regexp.MustCompile(`href="(\?[^"]*)"`)

// reach returns all that a browser without a script finds from the first page on.
func reach(t *testing.T, page http.Handler) map[string]string {
	t.Helper()
	found := map[string]string{}
	for next := []string{""}; len(next) > 0; {
		query := next[0]
		next = next[1:]
		if _, ok := found[query]; ok || strings.HasPrefix(query, "?openapi.") {
			continue
		}
		status, text := ask(t, page, query)
		require.Equal(t, http.StatusOK, status, query)
		found[query] = text
		for _, m := range queries.FindAllStringSubmatch(text, -1) {
			next = append(next, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
	}
	return found
}

// Of a large document, what is sent first is small, and everything else is found from
// there by links.
func TestPageOfALargeDocumentIsReadInParts(t *testing.T) {
	page := openapi.Page(openapi.New(grown(80), info))
	pages := reach(t, page)
	articles := map[string]bool{}
	for query, text := range pages {
		assert.Less(t, len(text), 300_000, query)
		checkHTML(t, text)
		for _, m := range regexp.MustCompile(`<article class="operation" id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			articles[m[1]] = true
		}
	}
	assert.Len(t, articles, 80)
	assert.NotContains(t, pages[""], `<article`)
	assert.Contains(t, pages[""], `<a href="?group=Resource+7">Resource 7</a> <span class="type">4 operations</span>`)
	assert.Contains(t, pages["?operation=getResources0007"], `<a href="?schema=invoice">`)
	assert.Contains(t, pages["?operation=getResources0007"], `<title>List · Test 1.0</title>`)
	assert.Contains(t, pages["?operation=getResources0007"], `<a href="?operation=getResources0007" aria-current="true">`)
	assert.Contains(t, pages["?schema=invoice"], `<article class="schema" id="schema.invoice">`)
	assert.Contains(t, pages["?group=Resource+7"], `id="putResources0007ById"`)
}

func TestPageOfThousandsOpensAtOnce(t *testing.T) {
	for _, tree := range []http.Handler{grown(1000), oneGroup(1500), manyGroups(3000)} {
		doc := openapi.New(tree, info)
		_, first := ask(t, openapi.Page(doc), "")
		assert.Less(t, len(first), 300_000)
		next := queries.FindAllStringSubmatch(first, -1)
		require.NotEmpty(t, next)
		_, group := ask(t, openapi.Page(doc), strings.ReplaceAll(next[1][1], "&amp;", "&"))
		assert.Less(t, len(group), 300_000)
		assert.Contains(t, group, `<article class="operation"`)
	}
}

func oneGroup(n int) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for i := range n {
		mux.Handle("GET", fmt.Sprintf("/same/%04d", i), foreign)
	}
	return mux
}

func manyGroups(n int) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for i := range n {
		mux.Handle("GET", fmt.Sprintf("/other%04d", i), foreign)
	}
	return mux
}

// Pages of one group follow each other until all its operations have been shown.
func TestPagesOfAGroupFollowEachOther(t *testing.T) {
	page := openapi.Page(openapi.New(oneGroup(500), info))
	shown := map[string]bool{}
	for query := "?group=" + url.QueryEscape("/same"); query != ""; {
		_, text := ask(t, page, query)
		for _, m := range regexp.MustCompile(`<article class="operation" id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			assert.False(t, shown[m[1]], m[1])
			shown[m[1]] = true
		}
		query = ""
		if next := regexp.MustCompile(`rel="next" href="([^"]*)"`).FindStringSubmatch(text); next != nil {
			query = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	assert.Len(t, shown, 500)
}

func TestPageHasNothingThatTheDocumentHasNot(t *testing.T) {
	page := openapi.Page(openapi.New(grown(80), info))
	for _, query := range []string{"?operation=x", "?schema=x", "?group=x", "?group=Resource+7&from=99", "?from=x", "?from=-1", "?from=99999", "?schemas&from=99", "?operation="} {
		status, _ := ask(t, page, query)
		assert.Equal(t, http.StatusNotFound, status, query)
	}
	status, other := ask(t, page, "?utm_source=mail")
	_, first := ask(t, page, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, first, other)
}

// The search has what it looks through from an index.
func TestPageHasAnIndex(t *testing.T) {
	page := openapi.Page(openapi.New(grown(80), info))
	_, text := ask(t, page, "?search.json")
	var index struct {
		Operations [][]string
		Schemas    []string
	}
	require.NoError(t, json.Unmarshal([]byte(text), &index))
	assert.Len(t, index.Operations, 80)
	assert.Equal(t, []string{"GET", "/resources/0000", "List", "getResources0000", "getResources0000", "Resource 0"}, index.Operations[0])
	assert.Contains(t, index.Schemas, "invoice")
	_, first := ask(t, page, "")
	assert.Contains(t, first, `data-index="?search.json"`)
}

// What a stranger has written into a document is text on every page.
func TestPagesOfALargeDocumentEscape(t *testing.T) {
	mux := grown(80)
	mux.Handle("GET", "/evil", described(func(op *tigertonic.Operation) {
		op.Summary, op.Description, op.Tags = evil, evil, []string{evil, "Resource 1"}
	}))
	page := openapi.Page(openapi.New(mux, openapi.Info{Title: evil, Version: evil, Summary: evil, Description: evil}))
	for _, query := range []string{"", "?group=" + url.QueryEscape(evil), "?operation=getEvil", "?group=Resource+1", "?schemas"} {
		status, text := ask(t, page, query)
		assert.Equal(t, http.StatusOK, status)
		checkHTML(t, text)
		assert.NotContains(t, text, "<img")
		assert.Equal(t, 1, strings.Count(text, "</script"), query)
		assert.Equal(t, 1, strings.Count(text, "</style"), query)
	}
}

func TestPagesAreForManyAtOnce(t *testing.T) {
	page := openapi.Page(openapi.New(grown(80), info))
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for _, query := range []string{"", "?search.json", fmt.Sprintf("?group=Resource+%d", i), "?schemas"} {
				w := httptest.NewRecorder()
				page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+query, nil))
				_, err := io.Copy(io.Discard, w.Body)
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, w.Code)
			}
		})
	}
	wait.Wait()
}
