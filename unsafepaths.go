package tigertonic

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// Two readings of a path. The mux takes /admin%2Fsecret for one segment and
// //admin/secret for three, of which the first is empty; a file server, a proxy or
// another router unescapes and cleans the path and takes either for /admin/secret.
// A guard on /admin sees nothing of a request that they are given in this way. So
// they get a path only if it has one reading. Whoever reads wildcards, or is a mux
// of ours, reads a path as the mux does and gets any.

// An unsafePathsHandler is given every path.
type unsafePathsHandler struct{ handler http.Handler }

// UnsafePaths returns a handler that is h to which a [TrieServeMux] gives every
// path that it matches, also those that h may read in another way than the mux, as
// [TrieServeMux.HandleNamespace] says:
//
//	mux.HandleNamespace("/objects", tigertonic.UnsafePaths(proxy))
//
// It is safe if h reads r.URL.EscapedPath segment by segment and cleans nothing, or
// if nothing that h can reach is guarded elsewhere.
func UnsafePaths(h http.Handler) http.Handler {
	return &unsafePathsHandler{mustHandler("UnsafePaths", h)}
}

// ServeHTTP calls the handler.
func (up *unsafePathsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	up.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler that is given every path.
func (up *unsafePathsHandler) Unwrap() http.Handler { return up.handler }

// String is how [Explain] shows the handler.
func (up *unsafePathsHandler) String() string { return "UnsafePaths" }

// pathReader returns the handler in h that reads the path by itself, or nil. It is
// the last of several. Of a HostServeMux, it is the one for the request, or where
// there is no request the mux, as it may be.
func pathReader(h http.Handler, r *http.Request) http.Handler {
	for range maxWrappers {
		switch x := h.(type) {
		case HandlerFunc, ParamsFunc, Version, NotFoundHandler, MethodNotAllowedHandler, badHostHandler,
			*basicAuth, *condition, *Endpoint, *Marshaler, *TrieServeMux, *unsafePathsHandler:
			return nil
		case *WrappedHandler:
			if reader := pathReader(x.Unwrap(), r); reader != nil || x.walkable {
				return reader
			}
			return x // the middleware may be one
		case HostServeMux:
			if r == nil {
				return x
			}
			h, _ = x.Handler(r)
			continue
		case FirstHandler:
			if len(x) == 0 {
				return nil
			}
		}
		if elements := elementsOf(h); len(elements) > 0 {
			for _, h := range slices.Backward(elements) {
				if reader := pathReader(h, r); reader != nil {
					return reader
				}
			}
			return nil
		}
		next := unwrap(h)
		if next == nil {
			return h
		}
		h = next
	}
	return h
}

// hasOtherReadings reports whether a path, without the slash that it begins with, may
// be read as other segments: it has an empty one that isn't the last, or one that
// holds a slash, a backslash or a NUL once it is unescaped, or that is a dot segment
// with parameters, which some servers leave out (RFC 3986 §3.3). Dot segments
// themselves match nothing.
func hasOtherReadings(path string, escaped bool) bool {
	for more := true; more; {
		var text string
		text, path, more = strings.Cut(path, "/")
		if text == "" && more {
			return true
		}
		if escaped {
			text = trie.Unescape(text)
		}
		if strings.ContainsAny(text, "/\\\x00") {
			return true
		}
		if text != "" && text[0] == '.' {
			if name, _, found := strings.Cut(text, ";"); found && (name == "." || name == "..") {
				return true
			}
		}
	}
	return false
}

// isFileServer reports whether h is what http.FileServer returns.
func isFileServer(h http.Handler) bool {
	return reflect.TypeOf(h) == reflect.TypeOf(http.FileServer(nil))
}

// A slashRedirect leads to the directory that a file server shows at the root of its
// namespace, as the file server itself leads to all others: relative links in it would
// lead elsewhere. There may be more namespaces, and a proxy that takes off more, so
// that only the last segment of the path is known.
type slashRedirect struct{ location string }

// newSlashRedirect returns the redirect for a path, of which it has the last
// segment.
func newSlashRedirect(path, query string, escaped bool) slashRedirect {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if !escaped {
		name = url.PathEscape(name)
	}
	location := "./" + name + "/"
	if query != "" {
		location += "?" + query
	}
	return slashRedirect{location}
}

func (s slashRedirect) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", s.location)
	w.WriteHeader(http.StatusMovedPermanently)
}
