//go:build !race

package tigertonic_test

const raceEnabled = false
