package loopback

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Child is a process that runs [Serve].
type Child struct {
	Addr   string
	cmd    *exec.Cmd
	orders io.WriteCloser
	lines  *bufio.Scanner
}

// Start starts this program again with arguments that make it run Serve on its standard
// input and output. The process ends with the context at the latest.
func Start(ctx context.Context, args ...string) (*Child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // it is this program
	cmd.Stderr, cmd.WaitDelay = os.Stderr, 5*time.Second
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &Child{cmd: cmd, orders: orders, lines: bufio.NewScanner(out)}
	c.Addr, err = c.line()
	if err != nil {
		return nil, errors.Join(err, Services{c}.Stop())
	}
	return c, nil
}

func (c *Child) line() (string, error) {
	if !c.lines.Scan() {
		return "", errors.Join(fmt.Errorf("%s said nothing", strings.Join(c.cmd.Args, " ")), c.lines.Err())
	}
	return c.lines.Text(), nil
}

// A usage is the resources that a process has used so far.
type usage struct {
	cpu            time.Duration
	bytes, objects int64 // allocated
}

func (u usage) since(before usage) usage {
	return usage{u.cpu - before.cpu, u.bytes - before.bytes, u.objects - before.objects}
}

func (u usage) and(other usage) usage {
	return usage{u.cpu + other.cpu, u.bytes + other.bytes, u.objects + other.objects}
}

// order makes the process do something, and returns its usage afterwards.
func (c *Child) order(what string) (u usage, err error) {
	if _, err := io.WriteString(c.orders, what+"\n"); err != nil {
		return u, err
	}
	line, err := c.line()
	if err != nil {
		return u, err
	}
	_, err = fmt.Sscan(line, &u.cpu, &u.bytes, &u.objects)
	return u, err
}

// rest returns when the process has finished all work for its clients.
func (c *Child) rest() error {
	_, err := c.order("rest")
	return err
}
