package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// onEach runs a test with each kind of database, of which it gets a fresh one.
func onEach(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, filepath.Join(t.TempDir(), "a wallet?.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, freshPostgres(t))
	})
}

// mustOpen opens a database until the test ends.
func mustOpen(t *testing.T, db string) *store {
	t.Helper()
	s, err := openStore(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// freshPostgres returns the URL of a schema that is dropped when the test ends. The
// server is the one of $TIGERTONIC_POSTGRES, a URL, or one that is started for the
// tests if it is installed. If there is none the test is skipped, or fails if
// $TIGERTONIC_REQUIRE_POSTGRES is set.
func freshPostgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv("TIGERTONIC_POSTGRES")
	if server == "" {
		server = startPostgres(t)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("TIGERTONIC_POSTGRES: %v", err)
	}
	own, err := openPostgres(server)
	if err != nil {
		t.Fatal(err)
	}
	schema := "wallet_" + tigertonic.RandomBase62String(12)
	for _, statement := range []string{`CREATE SCHEMA "` + schema + `"`, `DROP SCHEMA "` + schema + `" CASCADE`} {
		run := func() {
			if _, err := own.write.Exec(statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if statement[0] == 'C' {
			t.Cleanup(own.close)
			run()
		} else {
			t.Cleanup(run)
		}
	}
	query := u.Query()
	query.Set("search_path", `"`+schema+`"`)
	u.RawQuery = query.Encode()
	return u.String()
}

// A server is shared by the tests that need one, and stopped by the last of them
// to end.
type postgresServer struct {
	mu    sync.Mutex
	users int
	url   string
	stop  func() error
}

var postgres postgresServer

func startPostgres(t *testing.T) string {
	t.Helper()
	bin := postgresPrograms()
	if bin == "" {
		const reason = "PostgreSQL isn't tested, for there is none: install Debian's package postgresql, or set TIGERTONIC_POSTGRES to the URL of a server"
		if os.Getenv("TIGERTONIC_REQUIRE_POSTGRES") != "" {
			t.Fatal(reason)
		}
		fmt.Fprintln(os.Stderr, t.Name()+": "+reason)
		t.Skip(reason)
	}
	postgres.mu.Lock()
	defer postgres.mu.Unlock()
	if postgres.users == 0 {
		if err := postgres.start(bin); err != nil {
			t.Fatal(err)
		}
	}
	postgres.users++
	t.Cleanup(func() {
		postgres.mu.Lock()
		defer postgres.mu.Unlock()
		postgres.users--
		if postgres.users == 0 {
			if err := postgres.stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return postgres.url
}

// postgresPrograms returns where the programs of the server are, of the latest
// version, or "".
func postgresPrograms() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) // 9.6 was before 15
	}))
}

// start starts a server that listens on a socket in a directory of its own. Its
// commits wait for the disk, as they do by default.
func (s *postgresServer) start(bin string) error {
	dir, err := os.MkdirTemp("", "wallet-postgres") // the name of a socket must be short
	if err != nil {
		return err
	}
	attributes, err := unprivileged(dir)
	if err != nil {
		return err
	}
	var output bytes.Buffer
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = dir, attributes, &output, &output
		return cmd
	}
	data := filepath.Join(dir, "data")
	if err := command("initdb", "-D", data, "-U", "wallet", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync").Run(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, &output)
	}
	// The server is stopped by the end of what the shell reads, so also if the tests crash.
	server := command("postgres")
	server.Args = []string{"sh", "-c", `"$0" "$@" & pid=$!; read _; kill -INT $pid; wait $pid`, server.Path, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=300"}
	server.Path = "/bin/sh"
	stdin, err := server.StdinPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		return err
	}
	s.url = (&url.URL{Scheme: "postgres", User: url.User("wallet"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	s.stop = func() error {
		return errors.Join(stdin.Close(), server.Wait(), os.RemoveAll(dir)) // after a fast shutdown
	}
	db, err := openPostgres(s.url)
	if err != nil {
		return errors.Join(err, s.stop())
	}
	defer db.close()
	for deadline := time.Now().Add(patient); ; time.Sleep(50 * time.Millisecond) {
		err := db.write.Ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("PostgreSQL doesn't answer: %w", err), s.stop(), errors.New(output.String()))
		}
	}
}

// unprivileged returns as whom to run the server, which refuses to be root, and
// gives that user the directory.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // as whom we are
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	err = errors.Join(err1, err2, os.Chown(dir, int(uid), int(gid)))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, err
}
