package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// tokens has the tenants by the hash of their token, so that the time of a lookup reveals
// nothing about the tokens.
type tokens map[[sha256.Size]byte]tenant

// A tenant is an owner of payloads.
type tenant struct {
	name   string
	member []byte // of a record, with the commas beside it
}

// add adds a tenant. One may have several tokens.
func (t tokens) add(name, token string) error {
	if name == "" || token == "" {
		return errors.New("a name or a token is empty")
	}
	if len(token) > maxToken {
		return fmt.Errorf("a token is longer than %d bytes", maxToken)
	}
	hash := sha256.Sum256([]byte(token))
	if other, ok := t[hash]; ok && other.name != name {
		return fmt.Errorf("%s and %s have the same token", other.name, name)
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return err
	}
	t[hash] = tenant{name, []byte(`,"tenant":` + string(quoted) + `,"data":`)}
	return nil
}

// find returns the owner of a token.
func (t tokens) find(token string) (tenant, bool) {
	if len(token) > maxToken {
		return tenant{}, false
	}
	found, ok := t[sha256.Sum256([]byte(token))]
	return found, ok
}
