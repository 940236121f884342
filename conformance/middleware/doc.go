// Package middleware tests the library with the middleware of others, on both sides of
// its own: compression, limits, traces, CORS, timeouts, proxies and web sockets.
package middleware
