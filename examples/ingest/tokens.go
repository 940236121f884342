package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// tokens are the tenants that know a secret, by its hash: how long looking for one takes
// tells nothing about those that there are.
type tokens map[[sha256.Size]byte]tenant

// A tenant is who payloads are of.
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

// find returns whose a token is.
func (t tokens) find(token string) (tenant, bool) {
	if len(token) > maxToken {
		return tenant{}, false
	}
	found, ok := t[sha256.Sum256([]byte(token))]
	return found, ok
}
