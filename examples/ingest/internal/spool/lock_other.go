//go:build !unix

package spool

import (
	"errors"
	"fmt"
	"os"
)

// lockFile fails: there is no lock here that ends with the process.
func lockFile(*os.File) error { return fmt.Errorf("locking: %w", errors.ErrUnsupported) }
