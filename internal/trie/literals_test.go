package trie

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// steps returns how many nodes and choices are looked at until the literal is
// found, or 0 if it isn't.
func (l *literals) steps(text string) (steps int) {
	for ; l.choice != nil; l = l.choice.group(text) {
		steps++
	}
	for n := l.chain; n != nil; n = n.next {
		steps++
		if n.text == text {
			return steps
		}
	}
	return 0
}

func TestLiteralsAreFoundInFewSteps(t *testing.T) {
	for name, text := range map[string]func(i int) string{
		"numbers":             func(i int) string { return fmt.Sprint(i) },
		"numbered names":      func(i int) string { return fmt.Sprintf("resource-%d", i) },
		"numbers in between":  func(i int) string { return fmt.Sprintf("image_%d.png", i) },
		"fixed width":         func(i int) string { return fmt.Sprintf("%05d", i) },
		"the longest first":   func(i int) string { return fmt.Sprint(100000 - i) },
		"random names":        func(i int) string { return fmt.Sprintf("%x", rand.New(rand.NewPCG(1, uint64(i))).Uint64()) },
		"beginnings of each":  func(i int) string { return strings.Repeat("ab", i%8) + fmt.Sprint(i/8) },
		"letters of two sets": func(i int) string { return fmt.Sprintf("größe-%d-é", i) },
	} {
		t.Run(name, func(t *testing.T) {
			const count = 10000
			var n Node
			for i := range count {
				n.literal(text(i))
			}
			if got := len(n.branch.named); got != count {
				t.Fatalf("%d children, want %d", got, count)
			}
			sum := 0
			for i := range count {
				steps := n.literals.steps("/" + text(i))
				if steps == 0 {
					t.Fatalf("%q isn't found", text(i))
				}
				sum += steps
			}
			if mean := float64(sum) / count; mean > 12 {
				t.Errorf("%.1f steps on average", mean)
			}
		})
	}
}

// What the choices can't tell apart is found all the same.
func TestLiteralsOfOneClassAreFound(t *testing.T) {
	var n Node
	var texts []string
	for i := range 1 << 6 { // 'a' and 'A' are of one class
		text := []byte("aaaaaa")
		for bit := range text {
			text[bit] &^= byte(i>>bit&1) << 5
		}
		texts = append(texts, string(text))
		n.literal(string(text))
	}
	for _, text := range append(texts, "", "a", "aaaaaaa") {
		found := n.childFor(text) != nil
		if want := len(text) == 6; found != want {
			t.Errorf("%q: found is %v", text, found)
		}
	}
}
