package tigertonic

import (
	"crypto/rand"
	"sync"
)

// RequestID is what the lines logged for one request have in common.
type RequestID string

const (
	lengthOfID = 16
	idsAtATime = 32
)

// NewRequestID returns a random RequestID of 16 characters in base 62.
func NewRequestID() RequestID {
	digits := idDigits.Get().(*string)
	if *digits == "" {
		*digits = RandomBase62String(lengthOfID * idsAtATime)
	}
	id := RequestID((*digits)[:lengthOfID])
	*digits = (*digits)[lengthOfID:]
	idDigits.Put(digits)
	return id
}

// idDigits are the digits of IDs that are still to be given out, as strings, of
// which each ID is a part: half a kilobyte for 32 of them.
var idDigits = sync.Pool{New: func() any { return new(string) }}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// RandomBase62String returns n characters from 0-9, A-Z and a-z, each as likely
// as the others and fit for a secret.
func RandomBase62String(n int) string { return string(RandomBase62Bytes(n)) }

// RandomBase62Bytes is [RandomBase62String] as bytes.
func RandomBase62Bytes(n int) []byte {
	const unbiased = 256 - 256%len(base62) // bytes from here on would favour the first digits

	var random [512]byte // reading a few costs as much as some hundred
	digits := make([]byte, max(n, 0))
	for left := digits; len(left) > 0; {
		some := random[:min(len(random), len(left)+lengthOfID)]
		_, _ = rand.Read(some) // never fails
		for _, b := range some {
			if int(b) < unbiased && len(left) > 0 {
				left[0] = base62[b%byte(len(base62))]
				left = left[1:]
			}
		}
	}
	return digits
}
