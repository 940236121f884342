//go:build !unix

package handover

func isListener(uintptr) bool { return false }

func isPipe(uintptr) bool { return false }

func isGone(string) bool { return false }
