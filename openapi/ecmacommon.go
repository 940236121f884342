package openapi

import "strings"

// What is common to both languages is read by a scanner that knows no more than
// that: no flags, no names, no character that is escaped without need, no class in a
// class, and neither "." nor \s, which mean more in the one than in the other.

// isCommon reports whether a pattern, one of package regexp's, means the same in
// ECMA-262.
func isCommon(text string) bool {
	s := commonScanner{left: text}
	for s.left != "" {
		if !s.next() {
			return false
		}
	}
	return true
}

// A commonScanner reads a pattern.
type commonScanner struct {
	left       string
	repeatable bool // what was read last
}

// next reads what comes next, and reports false if that isn't common.
func (s *commonScanner) next() bool {
	c := s.left[0]
	s.left = s.left[1:]
	switch c {
	case '\\':
		return s.escape()
	case '[':
		s.repeatable = true
		return s.class()
	case '*', '+', '?':
		return s.quantified()
	case '{':
		return s.count() && s.quantified()
	case '(':
		s.repeatable = false
		if left, ok := strings.CutPrefix(s.left, "?:"); ok {
			s.left = left
		}
		return !strings.HasPrefix(s.left, "?")
	case ')':
		s.repeatable = true
	case '^', '$', '|':
		s.repeatable = false
	case '.', ']', '}':
		return false
	default:
		s.repeatable = true
	}
	return true
}

// escape reads what follows a backslash.
func (s *commonScanner) escape() bool {
	if s.left == "" {
		return false
	}
	c := s.left[0]
	s.left = s.left[1:]
	s.repeatable = c != 'b' && c != 'B'
	return strings.IndexByte(`^$\.*+?()[]{}|/dDwWbBtnrfv`, c) >= 0
}

// quantified reads the rest of a quantifier.
func (s *commonScanner) quantified() bool {
	s.left = strings.TrimPrefix(s.left, "?")
	ok := s.repeatable
	s.repeatable = false
	return ok
}

// count reads the rest of {2}, {2,} or {2,3}.
func (s *commonScanner) count() bool {
	count, left, ok := strings.Cut(s.left, "}")
	least, most, _ := strings.Cut(count, ",")
	s.left = left
	return ok && least != "" && strings.Trim(least+most, "0123456789") == ""
}

// class reads the rest of a class.
func (s *commonScanner) class() bool {
	inside, left, ok := strings.Cut(strings.TrimPrefix(s.left, "^"), "]")
	if !ok || inside == "" || strings.HasSuffix(inside, `\`) || strings.Contains(inside, "[") {
		return false
	}
	s.left = left
	for i := 0; i < len(inside); i++ {
		if inside[i] != '\\' {
			continue
		}
		i++
		if strings.IndexByte(`\.*+?()[{}|/$^-dDwWtnrfv`, inside[i]) < 0 {
			return false
		}
		// Neither language has a range to or from a class, but not in the same words.
		if strings.IndexByte("dDwW", inside[i]) >= 0 && strings.Contains(inside, "-") {
			return false
		}
	}
	return true
}
