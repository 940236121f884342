package httpfield

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// CheckOrigin returns why no browser would send the text as an origin, or nil. An origin
// is a scheme and a host, in lower case, and a port unless it is the scheme's default
// (RFC 6454 §6.2, HTML §7.1.1).
func CheckOrigin(origin string) error {
	scheme, rest, ok := strings.Cut(origin, "://")
	host, port, hasPort := cutPort(rest)
	switch {
	case strings.ContainsFunc(origin, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return errors.New("it has spaces, control characters or others than ASCII; names in other scripts are sent as xn--…")
	case !ok || scheme == "":
		return errors.New(`it has no scheme, such as "https://"`)
	case strings.Contains(rest, "*"):
		return errors.New(`only "*" alone stands for others; list the origins one by one`)
	case strings.Contains(rest, "@"):
		return errors.New("it has a user")
	case strings.ContainsAny(rest, "/?#\\"):
		return errors.New("it has a path, or a slash at its end, which an origin hasn't")
	case origin != strings.ToLower(origin):
		return fmt.Errorf("browsers send it in lower case, as %q", strings.ToLower(origin))
	case !isScheme(scheme):
		return fmt.Errorf("%q isn't a scheme", scheme)
	case !isHostOfOrigin(host):
		return fmt.Errorf("%q isn't the name of a host", host)
	case hasPort && !isPort(port):
		return fmt.Errorf("%q isn't a port", port)
	case scheme == "https" && port == "443" || scheme == "http" && port == "80":
		return fmt.Errorf("browsers leave out the port of the scheme, as in %q", scheme+"://"+host)
	}
	return nil
}

func cutPort(rest string) (host, port string, ok bool) {
	i := strings.LastIndexByte(rest, ':')
	if i < 0 || i < strings.LastIndexByte(rest, ']') {
		return rest, "", false
	}
	return rest[:i], rest[i+1:], true
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == s
}

// isScheme reports whether s is a scheme (RFC 3986 §3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < 'a' || c > 'z' {
			if i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
				return false
			}
		}
	}
	return s != ""
}

func isHostOfOrigin(s string) bool {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == "" && addr.String() == inner
	}
	return IsToken(s) && !strings.ContainsAny(s, "!#$&'*+^`|~%")
}
