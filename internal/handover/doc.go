// Package handover passes listening sockets from one process to the next: it takes those
// that systemd or a predecessor has opened for this process, and starts a successor with
// those of its own, which tells when it serves. It knows descriptors, the environment and
// the signals that a service gets. It must never know a server, or what is served on the
// sockets.
package handover
