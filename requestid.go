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
	digits := make([]byte, 0, max(n, 0))
	for len(digits) < n {
		some := random[:min(len(random), n-len(digits)+lengthOfID)]
		_, _ = rand.Read(some) // never fails
		for _, b := range some {
			if int(b) < unbiased && len(digits) < n {
				digits = append(digits, base62[int(b)%len(base62)])
			}
		}
	}
	return digits
}
