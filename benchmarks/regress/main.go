// Regress compares the allocations of the root's benchmarks with those at an earlier
// revision, and fails if there are more. It ignores times, which depend on the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	base := flag.String("base", "", "`revision` to compare with, or the last tag")
	bench := flag.String("bench", ".", "benchmarks to run, a `regexp` as go test takes it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := check(ctx, *base, *bench)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "regress:", err)
		os.Exit(1)
	}
}

var errMore = errors.New("the library allocates more than it did")

// check compares the checked out root module with the one of base.
func check(ctx context.Context, base, bench string) (err error) {
	root, err := git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	if base == "" {
		if base, err = git(ctx, "describe", "--tags", "--abbrev=0"); err != nil {
			fmt.Println("There is no tag to compare with yet, so nothing is compared. BASE=revision names another one.")
			return nil
		}
	}
	dir, err := os.MkdirTemp("", "regress")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tree := filepath.Join(dir, "tree")
	if _, err := git(ctx, "worktree", "add", "--detach", tree, base); err != nil {
		return err
	}
	defer func() {
		_, removed := git(context.WithoutCancel(ctx), "worktree", "remove", "--force", tree)
		err = errors.Join(err, removed)
	}()
	before, err := measure(ctx, tree, bench)
	if err != nil {
		return err
	}
	now, err := measure(ctx, root, bench)
	if err != nil {
		return err
	}
	found, compared := regressions(before, now)
	fmt.Printf("%d benchmarks compared with %s, %d allocate more.\n", compared, base, len(found))
	for _, r := range found {
		fmt.Println(r)
	}
	if len(found) > 0 {
		return errMore
	}
	return nil
}

// measure runs the benchmarks of a module often enough for a comparison.
func measure(ctx context.Context, dir, bench string) (samples, error) {
	fmt.Println("measuring", dir)
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench="+bench, "-benchmem", "-benchtime=20ms", "-count=6", ".") //nolint:gosec // who starts this names it
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the benchmarks of %s: %w\n%s", dir, err, out)
	}
	return read(string(out))
}

// git returns the output of a git command.
func git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // who starts this names the revision
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
