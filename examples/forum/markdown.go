package main

import (
	"bytes"
	"html"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// The policies say which HTML is allowed in comments, whatever their markdown was. They are
// compiled once and are safe for concurrent use.
//
//nolint:gochecknoglobals // functions
var (
	markdown = sync.OnceValue(func() goldmark.Markdown { return goldmark.New(goldmark.WithExtensions(extension.GFM)) })
	ugc      = sync.OnceValue(func() *bluemonday.Policy {
		p := bluemonday.UGCPolicy()
		p.RequireNoFollowOnLinks(true)
		p.RequireNoReferrerOnLinks(true)
		p.AddTargetBlankToFullyQualifiedLinks(true)
		return p
	})
	strict = sync.OnceValue(bluemonday.StrictPolicy)
)

// lengthOfFirstLine is in bytes.
const lengthOfFirstLine = 200

// render returns the markdown as HTML that is safe to show, and its first line as text.
func render(text string) (safe, firstLine string, err error) {
	var b bytes.Buffer
	if err := markdown().Convert([]byte(text), &b); err != nil {
		return "", "", err
	}
	safe = ugc().Sanitize(b.String())
	for line := range strings.Lines(html.UnescapeString(strict().Sanitize(safe))) {
		if line = strings.TrimSpace(line); line != "" {
			firstLine = line
			break
		}
	}
	for len(firstLine) > lengthOfFirstLine {
		_, size := utf8.DecodeLastRuneInString(firstLine)
		firstLine = firstLine[:len(firstLine)-size]
	}
	return safe, firstLine, nil
}
