// Package secret makes keys, tokens and passwords, and the hashes that are stored of
// them: a plain digest of random secrets, which nobody can guess, and a slow hash of
// passwords.
package secret

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// New returns a new secret of letters and digits, of 142 bits.
func New() string { return tigertonic.RandomBase62String(24) }

// NewID returns a random ID of 59 bits. It isn't a secret.
func NewID() string { return tigertonic.RandomBase62String(10) }

// Digest returns the digest that is stored of a secret.
func Digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// Rounds are what OWASP asks of PBKDF2 with SHA-256, as of 2025.
const Rounds = 600_000

const (
	saltLength = 16
	keyLength  = 32
)

// HashPassword returns the hash that is stored of a password. Use [Rounds] rounds, except
// in tests.
func HashPassword(password string, rounds int) (string, error) {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, keyLength)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("pbkdf2-sha256$%d$%s$%s", rounds, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// CheckPassword reports whether kept is the hash of this password. If kept is "", it
// takes as long as for a wrong password with a hash of so many rounds.
func CheckPassword(kept, password string, rounds int) bool {
	n, salt, want, ok := split(kept)
	if !ok {
		n, salt, want = rounds, make([]byte, saltLength), make([]byte, keyLength)
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, n, keyLength)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1 && ok
}

func split(kept string) (n int, salt, key []byte, ok bool) {
	parts := strings.Split(kept, "$")
	if len(parts) != 4 || parts[0] != "pbkdf2-sha256" {
		return 0, nil, nil, false
	}
	n, err1 := strconv.Atoi(parts[1])
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[2])
	key, err3 := base64.RawStdEncoding.DecodeString(parts[3])
	return n, salt, key, err1 == nil && err2 == nil && err3 == nil && n > 0 && len(key) == keyLength
}
