package contract

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// calls counts the checked calls of an operation.
type calls struct {
	count      int
	statuses   map[int]int // how many of each
	parameters map[*parameter]int
}

func newCalls() *calls {
	return &calls{statuses: map[int]int{}, parameters: map[*parameter]int{}}
}

func (c *Contract) count(op *operation, status int, parameters []*parameter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen[op]
	seen.count++
	seen.statuses[status]++
	for _, p := range parameters {
		seen.parameters[p]++
	}
}

// Seen returns the checked responses, such as "GET /stuff/{id} 200", sorted.
func (c *Contract) Seen() (seen []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for op, calls := range c.seen {
		for status := range calls.statuses {
			seen = append(seen, fmt.Sprintf("%s %d", op, status))
		}
	}
	slices.Sort(seen)
	return seen
}

// Uncalled returns the operations that haven't been called, such as "GET /stuff/{id}",
// without those that [Contract.Except] leaves out.
func (c *Contract) Uncalled() (uncalled []string) {
	for _, op := range c.counted() {
		c.mu.Lock()
		if c.seen[op].count == 0 {
			uncalled = append(uncalled, op.String())
		}
		c.mu.Unlock()
	}
	return uncalled
}

// counted returns the operations that aren't left out.
func (c *Contract) counted() []*operation {
	return slices.DeleteFunc(slices.Clone(c.operations), func(op *operation) bool { return c.excepts(op.method, op.path) })
}

// Report writes a table of the calls of each operation, with the documented statuses and
// parameters that haven't been seen.
func (c *Contract) Report(w io.Writer) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	row := func(cells ...any) { _, _ = fmt.Fprintf(table, "%v\t%v\t%v\t%v\t%v\n", cells...) } // to memory
	row("OPERATION", "CALLS", "ANSWERED", "NEVER ANSWERED", "NEVER SENT")
	var operations, statuses, parameters [2]int // seen, all
	for _, op := range c.counted() {
		c.mu.Lock()
		seen := c.seen[op]
		answered, never, unsent := op.uncovered(seen)
		row(op, seen.count, dash(answered), dash(never), dash(unsent))
		if seen.count > 0 {
			operations[0]++
		}
		operations[1]++
		statuses[0] += len(op.responses) - len(never)
		statuses[1] += len(op.responses)
		parameters[0] += len(op.parameters) - len(unsent)
		parameters[1] += len(op.parameters)
		c.mu.Unlock()
	}
	_ = table.Flush()                                                                                             // likewise
	_, _ = fmt.Fprintf(w, "%scalled %d of %d operations, with %d of %d parameters, and seen %d of %d statuses\n", // the writer's matter
		&text, operations[0], operations[1], parameters[0], parameters[1], statuses[0], statuses[1])
}

// uncovered returns the statuses that were answered, those that never were, and the
// parameters that were never sent.
func (op *operation) uncovered(seen *calls) (answered, never, unsent []string) {
	declared := map[string]bool{}
	for _, status := range slices.Sorted(maps.Keys(seen.statuses)) {
		answered = append(answered, strconv.Itoa(status))
		_, name := op.declared(status)
		declared[name] = true
	}
	for _, name := range op.statuses() {
		if !declared[name] {
			never = append(never, name)
		}
	}
	for _, p := range op.parameters {
		if seen.parameters[p] == 0 {
			unsent = append(unsent, p.name)
		}
	}
	return answered, never, unsent
}

func dash(texts []string) string {
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, " ")
}

// Covered returns the tests of a package, for TestMain to run:
//
//	func TestMain(m *testing.M) { os.Exit(contract.Covered(m, api).Run()) }
//
// They also fail if all of them were run and an operation of the contracts wasn't called.
// With the flag -report, as in go test . -report, they print the table of
// [Contract.Report].
func Covered(m interface{ Run() int }, contracts ...*Contract) *Tests {
	return &Tests{m, contracts}
}

// Tests are the tests of a package, which should call every operation. Create them
// with [Covered].
type Tests struct {
	tests     interface{ Run() int }
	contracts []*Contract
}

// Run runs the tests, and returns the program's exit code. Call it once.
func (m *Tests) Run() int {
	report := flag.Bool("report", false, "print which operations, statuses and parameters the tests have covered")
	code := m.tests.Run()
	for _, c := range m.contracts {
		if *report {
			c.Report(os.Stdout)
		}
		if uncalled := c.Uncalled(); code == 0 && len(uncalled) > 0 && ranAll() {
			fmt.Fprintf(os.Stderr, "contract: no test has called %s\n", strings.Join(uncalled, ", "))
			code = 1
		}
	}
	return code
}

// ranAll reports whether go test's flags left out no test.
func ranAll() bool {
	for name, all := range map[string]string{"test.run": "", "test.skip": "", "test.list": "", "test.short": "false"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != all {
			return false
		}
	}
	return true
}
