package check_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/schema"
)

func TestFormats(t *testing.T) {
	label := strings.Repeat("a", 63)
	table := map[string][2][]string{
		"date-time": {
			{"2006-01-02T15:04:05Z", "2006-01-02t15:04:05.5+07:00", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59.999999999Z"},
			{"", "2006-01-02", "2006-01-02T24:00:00Z", "2006-01-02T15:04:05,5Z", "2016-12-31T23:58:60Z", "2006-01-02T15:04:05+24:00", "2006-01-02T5:04:05+00Z0", "2006-01-02T15:04:60Z"},
		},
		"date": {{"2004-02-29"}, {"", "2006-02-29", "2006-1-2"}},
		"time": {{"15:04:05Z", "23:59:60Z"}, {"", "15:04:05", "24:00:00Z"}},
		"duration": {
			{"P1D", "P1Y2M3DT4H5M6S", "PT36S", "P1W"},
			{"", "P", "PT", "P1DT", "1D", "P1", "PD", "P1H", "P1Y3D", "P1W2D", "P1D2Y"},
		},
		"go-duration": {{"1h30m", "-1.5h"}, {"", "1", "1d"}},
		"email": {
			{"a@b", `"a b\""@example.com`, "a@[1.2.3.4]", "a@[IPv6:::1]"},
			{"", "a", "@b", ".a@b", "a..b@c", "a.@b", `"a@b`, `"a"b"@c`, `"\`, `"a\"@b`, "a@[1.2.3]", "a@[IPv6:1]", "a@[::1", strings.Repeat("a", 65) + "@b"},
		},
		"hostname": {{"a", "a-b.c", "1.2.3.4", label}, {"", ".", "a.", "-a", "a-", "a-.b", "a_b", label + "a", strings.Repeat("a.", 127) + "a"}},
		"ipv4":     {{"0.0.0.0"}, {"", "1.2.3", "::1"}},
		"ipv6":     {{"::1", "1:2:3:4:5:6:7:8"}, {"", "1.2.3.4", "fe80::1%eth0"}},
		"ip":       {{"0.0.0.0", "::1", "::ffff:1.2.3.4", "fe80::1%eth0"}, {"", "1.2.3", "01.2.3.4", "[::1]", "::1%", "1.2.3.4%eth0", " ::1"}},
		"cidr":     {{"0.0.0.0/0", "2001:db8::/32", "1.2.3.4/24"}, {"", "1.2.3.4", "1.2.3.4/33", "::1/129", "1.2.3.4/08", "fe80::1%eth0/64"}},
		"ip-port":  {{"1.2.3.4:0", "[::1]:65535", "[fe80::1%eth0]:80"}, {"", "1.2.3.4", "1.2.3.4:65536", "::1:80", "[1.2.3.4]:80", "a:80"}},
		"uri": {
			{"http://a:1/b?c#d", "urn:a:b", "http://[::1]/", "http://[v1.a:b]/", "http://u:p@h/%41", "a:"},
			{"", "/a", "1a:b", "a b:c", "http://a:b/", "http://[::1", "http://[v.a]/", "http://u[@h/", "http://a/%4", "http://a/%zz", "http://a/é", "http://a/?<"},
		},
		"uri-reference": {{"", "/a", "a/b", "#f", "./a:b"}, {"a b", ":a", "//a:b", "é"}},
		"uuid":          {{"123e4567-e89b-12d3-a456-426614174000"}, {"", "123e4567-e89b-12d3-a456-42661417400g", "123e4567_e89b-12d3-a456-426614174000"}},
	}
	assert.Len(t, check.FormatNames(), len(table))
	for _, name := range check.FormatNames() {
		assert.True(t, check.IsFormat(name))
		k := compile(t, &schema.Schema{Types: []string{"string"}, Format: name})
		for i, texts := range table[name] {
			for _, text := range texts {
				assert.Equal(t, i == 0, k.AcceptsText([]byte(text)), "%s %q", name, text)
			}
		}
	}
	assert.False(t, check.IsFormat("color"))
	assert.True(t, check.IsTimeFormat(check.FormatGoDuration))
}
