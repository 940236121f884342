// Package trie is the router: it parses patterns, keeps routes and namespaces in a trie
// of segments, and finds those that match a method and a path, and the values of their
// wildcards. Patterns are matched against paths as they were sent, each segment unescaped
// once. The package only stores handlers; it doesn't call them or respond to requests.
package trie
