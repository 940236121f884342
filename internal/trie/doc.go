// Package trie is the router: it parses patterns, keeps routes and namespaces in a
// trie of segments, and finds those that match a method and a path, with what their
// wildcards stand for. Patterns are matched against paths as they were sent, each
// segment unescaped once. It knows handlers only to keep them, and neither calls one
// nor answers a request.
package trie
