// Package postgrestest provides a PostgreSQL server for tests: the one that the
// environment names, or one that it starts if PostgreSQL is installed.
package postgrestest

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
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

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"github.com/rcrowley/go-tigertonic"
)

// patient is how long the server may take to start on a busy machine.
const patient = 60 * time.Second

// Fresh returns the URL of a schema that is dropped when the test ends. The server is
// the one of $TIGERTONIC_POSTGRES, a URL, or one that is started for the tests of the
// process and stopped by the last of them. If there is none the test is skipped, or
// fails if $TIGERTONIC_REQUIRE_POSTGRES is set.
func Fresh(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TIGERTONIC_POSTGRES")
	if server == "" {
		server = start(t)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("TIGERTONIC_POSTGRES: %v", err)
	}
	own, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	schema := "test_" + tigertonic.RandomBase62String(12)
	run := func(statement string) {
		if _, err := own.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	run(`CREATE SCHEMA "` + schema + `"`)
	t.Cleanup(func() {
		run(`DROP SCHEMA "` + schema + `" CASCADE`)
		_ = own.Close() // nothing is left to do
	})
	query := u.Query()
	query.Set("search_path", `"`+schema+`"`)
	u.RawQuery = query.Encode()
	return u.String()
}

// A Server is one of a test's own, which can be killed.
type Server struct {
	URL string

	own server
}

// Own starts a server that ends with the test. $TIGERTONIC_POSTGRES is not it: nobody kills
// that.
func Own(t testing.TB) *Server {
	t.Helper()
	s := &Server{}
	if err := s.own.start(need(t)); err != nil {
		t.Fatal(err)
	}
	s.URL = s.own.url
	t.Cleanup(func() {
		if err := s.own.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Kill ends the server at once, as SIGKILL does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.own.dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(string(first))
	if err != nil {
		t.Fatal(err)
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // where there is such a file
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = s.own.end() // it was killed
	// Until its processes have seen that, another server won't start.
	for child := range bytes.FieldsSeq(children) {
		for deadline := time.Now().Add(patient); runs(string(child)); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %s of PostgreSQL goes on", child)
			}
		}
	}
}

// runs reports whether a process is there and isn't dead.
func runs(pid string) bool {
	status, err := os.ReadFile("/proc/" + pid + "/status") //nolint:gosec // of a process of ours
	return err == nil && !bytes.Contains(status, []byte("State:\tZ"))
}

// Restart starts a server again that was killed, and returns once it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.own.run(); err != nil {
		t.Fatal(err)
	}
}

// A server is shared by the tests of a process, or is that of one.
type server struct {
	mu    sync.Mutex
	users int

	bin, dir   string
	attributes *syscall.SysProcAttr
	output     bytes.Buffer
	url        string
	end        func() error // has it shut down, fast
}

var shared server //nolint:gochecknoglobals // one for all tests of the process

// need returns where the programs are. If they are nowhere, the test is skipped, or fails.
func need(t testing.TB) (bin string) {
	t.Helper()
	bin = programs()
	if bin == "" {
		const reason = "PostgreSQL ISN'T TESTED: there is no server installed (Debian's package postgresql), and TIGERTONIC_POSTGRES names none"
		if os.Getenv("TIGERTONIC_REQUIRE_POSTGRES") != "" {
			t.Fatal(reason)
		}
		fmt.Fprintln(os.Stderr, t.Name()+": "+reason)
		t.Skip(reason)
	}
	return bin
}

func start(t testing.TB) string {
	t.Helper()
	bin := need(t)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.users == 0 {
		if err := shared.start(bin); err != nil {
			t.Fatal(err)
		}
	}
	shared.users++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		shared.users--
		if shared.users == 0 {
			if err := shared.stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return shared.url
}

// programs returns the directory of the server's programs, of the latest version, or "".
func programs() string {
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

// start starts a server that listens on a socket in its own directory. Its commits wait
// for the disk, as by default.
func (s *server) start(bin string) (err error) {
	if s.dir, err = os.MkdirTemp("", "postgres"); err != nil { // the name of a socket must be short
		return err
	}
	if s.attributes, err = unprivileged(s.dir); err != nil {
		return err
	}
	s.bin = bin
	if err := s.command("initdb", "-D", filepath.Join(s.dir, "data"), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync").Run(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, &s.output)
	}
	s.url = (&url.URL{Scheme: "postgres", User: url.User("test"), Path: "/postgres", RawQuery: url.Values{"host": {s.dir}}.Encode()}).String()
	return s.run()
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec,noctx // the server outlives the test that starts it
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = s.dir, s.attributes, &s.output, &s.output
	return cmd
}

// run runs the server on its directory, and returns once it answers.
func (s *server) run() error {
	s.output.Reset()
	// The server stops when the shell's input ends, even if the tests crash.
	process := s.command("postgres")
	process.Args = []string{
		"sh", "-c", `"$0" "$@" & pid=$!; read _; kill -INT $pid; wait $pid`, process.Path,
		"-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300",
	}
	process.Path = "/bin/sh"
	stdin, err := process.StdinPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		return err
	}
	s.end = func() error { return errors.Join(stdin.Close(), process.Wait()) }
	if err := await(s.url); err != nil {
		return errors.Join(err, s.end(), errors.New(s.output.String()))
	}
	return nil
}

// stop ends the server and removes what it has.
func (s *server) stop() error { return errors.Join(s.end(), os.RemoveAll(s.dir)) }

// await waits until the server accepts connections.
func await(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	for deadline := time.Now().Add(patient); ; time.Sleep(50 * time.Millisecond) {
		err := db.PingContext(context.Background())
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL doesn't answer: %w", err)
		}
	}
}

// unprivileged returns the user to run the server as, which refuses to run as root, and
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
