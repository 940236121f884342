// Package certs reads the certificates of a TLS server, and of the authorities that it
// trusts clients by, and reads them again when their files change. It chooses
// certificates and keeps pools, but leaves to the server when to look and what to log.
// It must never know a server, its configuration or a logger.
package certs
