package loopback

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
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

// Start starts this program anew with these arguments, which have it run Serve
// with its standard input and output. It ends with the context at the latest.
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

// CPUTime returns how long the process has been computing.
func (c *Child) CPUTime() (time.Duration, error) { return c.order("cpu") }

// Rest returns when the process has nothing more to do for those who have asked it.
func (c *Child) Rest() error {
	_, err := c.order("rest")
	return err
}

// order has the process do something and returns how long it has been computing
// then.
func (c *Child) order(what string) (time.Duration, error) {
	if _, err := io.WriteString(c.orders, what+"\n"); err != nil {
		return 0, err
	}
	line, err := c.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(n), err
}
