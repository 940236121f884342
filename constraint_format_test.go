package tigertonic_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestConstraintFormatOfTimes(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" format:"date-time"`
		}](texts(
			"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.9Z", "2006-01-02T15:04:05.123456789+07:00", "2006-01-02T15:04:05-00:00", "2006-01-02T15:04:05+23:59",
			"2004-02-29T23:59:59Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2000-02-29T00:00:00Z", "2006-12-31T00:00:00-12:34",
			"2006-01-02t15:04:05z", "2006-01-02T15:04:05z", "2006-01-02t15:04:05.5+07:00", "2016-12-31T23:59:60Z", "2017-01-01t00:59:60.25+01:00", "1998-12-31T15:59:60.123-08:00",
		), each(
			"must be a date and time, such as 2006-01-02T15:04:05Z (RFC 3339)", texts(
				"", "2006-01-02", "15:04:05Z", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z", "2006-01-02T15:04Z", "2006-01-02T24:00:00Z", "2006-02-29T00:00:00Z",
				"1900-02-29T00:00:00Z", "2006-13-01T00:00:00Z", "2006-01-02T15:60:05Z", "2006-01-02T5:04:05Z", "2006-01-02T15:04:05,5Z", "2006-01-02T15:04:05.Z",
				"2006-01-02T15:04:60Z", "2016-12-31T23:59:61Z", "2016-12-31T23:58:60Z", "2016-12-31T23:59:60+01:00", "2006-01-02x15:04:05Z",
				"2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05+07:60", "2006-01-02T15:04:05+0700", "10000-01-01T00:00:00Z", " 2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z\n", "٢006-01-02T15:04:05Z",
			)...,
		)...),
		bothRow[struct {
			V string `json:"v" query:"v" format:"date"`
		}](
			texts("2006-01-02", "2004-02-29", "2000-02-29", "0000-01-01", "9999-12-31", "2006-01-31", "2006-04-30", "0001-01-01", "1970-01-01", "2400-02-29"),
			each("must be a date, such as 2006-01-02", texts(
				"", "2006-02-29", "1900-02-29", "2006-1-2", "06-01-02", "2006-00-01", "2006-01-00", "2006-01-32", "2006-04-31", "2006-13-01", "10000-01-01", "20060102", "2006/01/02", "2006-01-02Z", " 2006-01-02", "2006-01-02\n", "-006-01-02",
			)...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"time"`
		}](
			texts("15:04:05z", "23:59:60Z", "15:59:60-08:00", "15:04:05Z", "00:00:00Z", "23:59:59Z", "15:04:05.5Z", "15:04:05.123456789Z", "15:04:05+01:00", "15:04:05-23:59", "15:04:05-00:00", "01:02:03+00:00", "15:04:05.000+05:30"),
			each("must be a time of day, such as 15:04:05Z (RFC 3339)", texts(
				"", "15:04:05", "15:04Z", "5:04:05Z", "24:00:00Z", "15:60:05Z", "15:04:60Z", "15:04:05,5Z", "15:04:05.Z", "15:04:05+24:00", "15:04:05+01", "T15:04:05Z", "15:04:05Z2006-01-02T15:04:05Z", " 15:04:05Z",
			)...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"duration"`
		}](
			texts("P1D", "P1Y2M3DT4H5M6S", "PT1H", "PT1M", "PT36S", "P1W", "P52W", "P0D", "P1Y", "P1M", "P2DT3H", "P1Y1M", "PT1H1M", "P1YT1M", "P0000012D"),
			each("must be a duration, such as P1DT2H (RFC 3339, appendix A)", texts(
				"", "P", "PT", "P1DT", "1D", "p1d", "P1", "PT1", "PD", "P1H", "PT1D", "P1S", "P1D2Y", "P1Y3D", "PT1H5S", "P1W2D", "P1D1W", "P1.5D", "P-1D", "-P1D", "+P1D", "P1Y1Y", "P 1D", "P1D\n", "P١D", "P1WT1H", "PT1W",
			)...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"go-duration"`
		}](
			texts("1h30m", "0", "-1.5h", "+5s", "1ns", "1us", "1µs", "1μs", ".5s", "5.s", "9223372036854775807ns", "-9223372036854775808ns", "1m1m", "2562047h47m16.854775807s"),
			each("must be a duration, such as 1h30m", texts("", "1", "1d", "h", "1H", "1h 30m", " 1h", "9223372036854775808ns", "2562048h", "1e3s", "PT1H", "--1s", "1_0s")...)...,
		),
	)
}

func TestConstraintFormatOfNames(t *testing.T) {
	const (
		emails = "must be an e-mail address"
		hosts  = "must be the name of a host"
		uuids  = "must be a UUID"
	)
	label := strings.Repeat("a", 63)
	long := strings.Repeat("a.", 126) + "a" // of 253 characters
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" format:"email"`
		}](
			texts(
				"a@b", "ada@example.com", "ada.lovelace+tag@mail.example.com", "a_b-c@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", "1@2.3", "A@EXAMPLE.COM",
				`"a b"@example.com`, `"a@b"@example.com`, "a@xn--bcher-kva.example", strings.Repeat("a", 64)+"@"+label+".com",
			),
			each(emails, texts(
				"", "a", "@", "a@", "@b", "a@b@c", "a b@example.com", ".a@example.com", "a.@example.com", "a..b@example.com", "a@b..c", "a@.b", "a@-b.com", "a@b_c.com", "a@b.", "a,b@example.com", "a(b)@example.com",
				"A <a@example.com>", "<a@example.com>", "a@example.com ", " a@example.com", "a@example.com\n", "a@example.com\r\nBcc: b@c", "a\x00@example.com", "é@example.com", "a@é.com", "a@b,c@d", strings.Repeat("a", 65)+"@example.com", "a@"+long+"a",
			)...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"hostname"`
		}](
			texts("a", "localhost", "example.com", "EXAMPLE.com", "a-b.c--d.e", "1.2.3.4", "0", "xn--bcher-kva.example", label+"."+label, long),
			each(hosts, texts("", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b.c", "a_b", "a b", "a:80", "[::1]", "http://a", "bücher.example", "a\n", "a\x00", "*.example.com", label+"a", long+"b", strings.Repeat("a.", 127)+"a")...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"uuid"`
		}](
			texts(
				"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "FfFfFfFf-0123-4567-89ab-cdefABCDEF01",
				"01890a5d-ac96-774b-bcce-b302099a8057", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "1ec9414c-232a-6b00-b3c8-9e6bdeced846",
			),
			each(uuids, texts(
				"", "123e4567", "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}", "urn:uuid:123e4567-e89b-12d3-a456-426614174000", "g23e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400",
				"123e4567-e89b-12d3-a456-4266141740000", "123e456-7e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400 ", "123e4567-e89b-12d3-a456-42661417400é", "123e4567-e89b-12d3-a456-4266141740é", "123e4567_e89b_12d3_a456_426614174000", "------------------------------------",
			)...)...,
		),
		bothRow[struct {
			V []string `json:"v" query:"v" format:"hostname" uniqueItems:"true"`
		}](numbers(`["a","b.c"]`), []string{`["a","","_"]`, "/1: " + hosts, "/2: " + hosts}),
		bothRow[struct {
			V *string `json:"v" query:"v" format:"email"`
		}](append(texts("a@b"), "null"), []string{`"a"`, emails}),
		bothRow[struct {
			V tigertonic.Opt[word] `json:"v" query:"v" format:"uuid"`
		}](append(texts("123e4567-e89b-12d3-a456-426614174000"), "null"), []string{`""`, uuids}),
	)
}

func TestConstraintFormatOfAddresses(t *testing.T) {
	testConstraints(
		t,
		bothRow[struct {
			V string `json:"v" query:"v" format:"ipv4"`
		}](
			texts("0.0.0.0", "1.2.3.4", "127.0.0.1", "255.255.255.255", "10.0.0.1", "192.168.1.1", "8.8.8.8", "100.64.0.0", "224.0.0.1", "172.16.254.1"),
			each("must be an IPv4 address", texts("", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", "1..3.4", "1.2.3.4 ", "1.2.3.4\n", "0x7f.0.0.1", "2130706433", "1.2.3.4/8", "1.2.3.4:80", "::1", "::ffff:1.2.3.4", "a.b.c.d", "١.2.3.4")...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"ipv6"`
		}](
			texts("::", "::1", "1::", "1:2:3:4:5:6:7:8", "2001:db8::1", "ABCD::ef01", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::1", "0000:0000:0000:0000:0000:0000:0000:0001", "1:2:3:4:5:6:7::"),
			each("must be an IPv6 address", texts("", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "[::1]", "::1/64", "fe80::1%eth0", "1.2.3.4", "::1.2.3", "::1.2.3.256", "::01.2.3.4", " ::1", "::1\n", ":1:2:3:4:5:6:7")...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"uri"`
		}](
			texts(
				"http://example.com", "https://user:pw@example.com:8080/a/b?c=d&e#f", "http://[::1]:80/", "mailto:a@b.c", "urn:isbn:0451450523", "tel:+1-816-555-1212", "file:///etc/passwd", "data:,x%20y", "a:", "a+b-c.d:e",
				"http://a/%41", "http://a?b?c/d", "ldap://[2001:db8::7]/c=GB?objectClass?one", "HTTP://A",
			),
			each("must be a URI", texts(
				"", "/a", "a", "//a/b", "?q", "#f", "1a:b", ":a", "a b:c", "http://a b/", "http://a/b c", "http://[::1", "http://a:b/", "http://a/%zz", "http://a/%4", "http://é/", "http://a/é", "http://a/<b>", `http://a/"`, `http://a/\`, "http://a/^", "http://a/`", "http://a/{b}", "http://a/|", "http://a\n", "\x00a:b",
			)...)...,
		),
		bothRow[struct {
			V string `json:"v" query:"v" format:"uri-reference"`
		}](
			texts("", "/", "/a/b", "a/b", "../a", "//host/a", "?q=1", "#f", "a?b#c", "./a:b", "http://example.com/", "mailto:a@b", "%41", ".", "/a/b;c=d,e"),
			each("must be a URI or a relative reference", texts("a b", "/a b", " /", "/\n", "/é", "/%", "/%4", "/%zz", `\evil`, `/\evil`, "<a>", "{a}", "a|b", "a^b", "`", `"`, ":a", "http://[::1", "//a:b", "a\x7f")...)...,
		),
	)
}

// A tag narrows the format of an address.
func TestConstraintFormatNarrowsAnAddress(t *testing.T) {
	h := taken[struct {
		V netip.Addr `json:"v" format:"ipv4"`
	}]()
	assert.Equal(t, 204, serve(t, h, "POST", "/", `{"v":"192.0.2.1"}`, "Content-Type", "application/json").Code)
	w := serve(t, h, "POST", "/", `{"v":"::1"}`, "Content-Type", "application/json")
	assert.Equal(t, 422, w.Code)
	assert.Contains(t, w.Body.String(), "must be an IPv4 address")
}
