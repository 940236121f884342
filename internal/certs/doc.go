// Package certs reads the certificates of a TLS server, and of the authorities that it
// trusts clients by, and reads them again when their files change. It chooses
// certificates and keeps pools, but leaves it to the server when to look and what to log.
// It knows no server, configuration or logger.
package certs
