// Package handover passes listening sockets from one process to the next: it takes over
// those that systemd or a predecessor opened for this process, and starts a successor
// with its own, which reports when it serves. It knows descriptors, the environment and
// the signals of a service, but no server, and not what is served on the sockets.
package handover
