package openapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var yamlTexts = []string{
	`{"openapi":"3.1.1","a":{},"b":[],"c":[{"x":1,"y":[true,null,-1.50e3]},[["deep"],"z"],{}]}`,
	`{"200":"200","true":"true","null":"null","~":"~","no":"No","y":"y","1.0":"1.0","0x1f":"0x1f","2026-01-02":"2026-01-02","":""}`,
	`{"a: b":"c: d","#":"# no comment","a #b":"x #y","- a":"- b","? a":"?","&a":"*b","!t":"!!str","%":"%YAML","@":"@","` + "`" + `":"` + "`" + `"}`,
	`{"s":" leading","t":"trailing ","n":"a\nb\n","q":"\"it's\"","b":"\\d+","u":"ünï😀","c":"\u0000\u0007\u007f\u0085\u2028\ufeff","tab":"a\tb"}`,
	`{"/stuff/{id}":{"$ref":"#/components/schemas/Stuff"},"<<":"<<","=":"=","|":"|",">":">","---":"---","...":"...","[x]":"{y}"}`,
	`"alone"`, `1`, `[]`, `{}`, `[[[]]]`, `[[1,2],[3]]`,
}

func TestYAMLSaysWhatTheJSONSays(t *testing.T) {
	for _, text := range yamlTexts {
		assert.YAMLEq(t, text, string(yamlOf([]byte(text))), "%s", yamlOf([]byte(text)))
	}
	assert.Equal(t, "openapi: \"3.1.1\"\npaths:\n  /a/{id}:\n    get:\n      tags:\n        - Some things\n      parameters:\n        - name: id\n          in: path\n      security: []\n",
		string(yamlOf([]byte(`{"openapi":"3.1.1","paths":{"/a/{id}":{"get":{"tags":["Some things"],"parameters":[{"name":"id","in":"path"}],"security":[]}}}}`))))
}

func FuzzYAML(f *testing.F) {
	for _, text := range yamlTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		for _, value := range []any{s, map[string]any{s: s, "x": []any{s, map[string]any{s: []any{}}}}} {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			assert.YAMLEq(t, readable(string(text)), string(yamlOf(text)))
		}
	})
}

// readable returns JSON whose characters YAML allows, too.
func readable(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c == 0x7f || 0x80 <= c && c < 0xa0 || c == 0xfeff || c == 0xfffe || c == 0xffff {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}
