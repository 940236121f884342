// Package manifests holds the Kubernetes manifests of the guides against the types of the
// Kubernetes API: every field exists, and what refers to something finds it.
package manifests
