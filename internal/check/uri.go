package check

import "strings"

// isURI follows RFC 3986, appendix A. A URI that needn't be absolute can be a
// relative reference.
func isURI(s string, absolute bool) bool {
	s, fragment, _ := strings.Cut(s, "#")
	path, query, _ := strings.Cut(s, "?")
	first, _, _ := strings.Cut(path, "/")
	switch scheme, rest, ok := strings.Cut(path, ":"); {
	case ok && isScheme(scheme):
		path = rest
	case absolute || strings.Contains(first, ":"):
		return false
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if !isAuthority(authority) {
			return false
		}
		path = rest[len(authority):]
	}
	return areOfURI(path, "/:@") && areOfURI(query, "/?:@") && areOfURI(fragment, "/?:@")
}

func isScheme(s string) bool {
	return s != "" && strings.IndexByte(letters, s[0]) >= 0 && strings.Trim(s, letters+digits+"+-.") == ""
}

// isAuthority reports whether s is a host, with what can stand round it.
func isAuthority(s string) bool {
	if at := strings.IndexByte(s, '@'); at >= 0 {
		if !areOfURI(s[:at], ":") {
			return false
		}
		s = s[at+1:]
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if strings.Trim(port, digits) != "" {
		return false
	}
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && (isIPv6([]byte(literal)) || isFutureIP(literal))
	}
	return areOfURI(host, "")
}

// isFutureIP reports whether s is the address of an IP that is still to come.
func isFutureIP(s string) bool {
	version, address, _ := strings.Cut(s, ".")
	return len(version) > 1 && version[0]|0x20 == 'v' && strings.Trim(version[1:], hexDigits) == "" &&
		address != "" && !strings.Contains(address, "%") && areOfURI(address, ":")
}

// uriCharacters are the unreserved ones and the sub-delims.
const uriCharacters = letters + digits + "-._~!$&'()*+,;="

// areOfURI reports whether all characters of s are unreserved, encoded, among the
// sub-delims or among those that the place allows besides.
func areOfURI(s, besides string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || strings.Trim(s[i+1:i+3], hexDigits) != "" {
				return false
			}
			i += 2
		case strings.IndexByte(uriCharacters, c) < 0 && strings.IndexByte(besides, c) < 0:
			return false
		}
	}
	return true
}
