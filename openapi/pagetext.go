package openapi

import (
	"regexp"
	"strings"
)

// A block is a paragraph, a list or a piece of code of a description. These,
// code, emphasis and links are what is understood of Markdown; all the rest is
// text, HTML too.
type block struct {
	Kind  string // "p", "ul" or "pre"
	Lines [][]span
}

// A span is a piece of a line.
type span struct {
	Kind string // "", "code", "strong", "em" or "a"
	Text string
	Href string
}

// blocksOf splits a description.
func blocksOf(text string) (blocks []block) {
	code := false
	add := func(kind, line string, join bool) {
		last := len(blocks) - 1
		switch {
		case last < 0 || blocks[last].Kind != kind || !join && kind == "p":
			blocks = append(blocks, block{kind, [][]span{spansOf(kind, line)}})
		case kind == "p":
			blocks[last].Lines[0] = append(blocks[last].Lines[0], spansOf(kind, "\n"+line)...)
		default:
			blocks[last].Lines = append(blocks[last].Lines, spansOf(kind, line))
		}
	}
	open := false // the last paragraph goes on
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimRight(line, "\r\n")
		bare := strings.TrimSpace(line)
		item, isItem := strings.CutPrefix(strings.Replace(bare, "* ", "- ", 1), "- ")
		switch {
		case strings.HasPrefix(bare, "```"):
			code = !code
		case code:
			add("pre", line, true)
		case bare == "":
		case isItem:
			add("ul", item, true)
		default:
			add("p", bare, open)
		}
		open = !code && bare != "" && !isItem
	}
	return blocks
}

// inline finds code, strong and emphasized text, and links.
var inline = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*]+)\*\*|\*([^\s*][^*]*)\*|\[([^\]]+)\]\(((?:https?://|/|#)[^)\s]*)\)|(https?://[^\s<>()"']*[^\s<>()"'.,:;!?])`)

// spansOf splits a line.
func spansOf(kind, line string) (spans []span) {
	if kind == "pre" {
		return []span{{Text: line + "\n"}}
	}
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(line, -1) {
		if m[0] > at {
			spans = append(spans, span{Text: line[at:m[0]]})
		}
		at = m[1]
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return line[m[2*i]:m[2*i+1]]
		}
		switch {
		case m[2] >= 0:
			spans = append(spans, span{Kind: "code", Text: group(1)})
		case m[4] >= 0:
			spans = append(spans, span{Kind: "strong", Text: group(2)})
		case m[6] >= 0:
			spans = append(spans, span{Kind: "em", Text: group(3)})
		case m[8] >= 0:
			spans = append(spans, span{"a", group(4), group(5)})
		default:
			spans = append(spans, span{"a", group(6), group(6)})
		}
	}
	if at < len(line) {
		spans = append(spans, span{Text: line[at:]})
	}
	return spans
}
