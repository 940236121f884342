package form

import (
	"mime"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The names of files: as clients send them, and in a header field.

// maxName is how long the name of a file may be, in bytes, as most file systems have it.
const maxName = 255

// BaseName returns the name of a file without directories of any system and without
// characters that can't be printed or change the direction of text, shortened before its
// extension to 255 bytes. It returns "" if nothing is left, as for "..".
func BaseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) { // as the marks that change the direction aren't
			return -1
		}
		return c
	}, name)
	name = strings.TrimSpace(name)
	if strings.Trim(name, ".") == "" {
		return ""
	}
	if len(name) <= maxName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > maxName/2 {
		extension = ""
	}
	return strings.ToValidUTF8(name[:maxName-len(extension)], "") + extension
}

// Attachment returns the Content-Disposition of a file that a client should save under a
// name (RFC 6266), in UTF-8 if ASCII isn't enough (RFC 8187).
func Attachment(name string) string {
	name = BaseName(name)
	if name == "" {
		return "attachment"
	}
	plain := strings.Map(func(c rune) rune {
		if c > '~' {
			return '_'
		}
		return c
	}, name)
	if plain == name && !strings.ContainsAny(name, `"\%`) {
		return `attachment; filename="` + name + `"`
	}
	// Clients disagree about percent signs and backslashes in filename (RFC 6266,
	// appendix D).
	plain = strings.NewReplacer(`"`, "_", `\`, "_", "%", "_").Replace(plain)
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + extValue(name)
}

// NameOf returns the [BaseName] of the file in a Content-Disposition, or "".
func NameOf(disposition string) string {
	kind, params, err := mime.ParseMediaType(disposition)
	if err != nil || kind != "attachment" {
		return ""
	}
	return BaseName(params["filename"])
}

// extValue escapes a text as RFC 8187 §3.2.1 says.
func extValue(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
