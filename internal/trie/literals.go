package trie

// The literal children of a node, found by a path that begins with one.
//
// A few are a linked list, a chain, which is searched from its start. More are split by a
// byte at an offset where they differ, and those that are equal there by another byte,
// until only chains are left. The offset is never beyond the end of one of the literals,
// because the path may have anything there. At the very end, the path has a slash or ends
// too, and both count as the same.

// literals are a chain, or a choice between several literals.
type literals struct {
	chain  *Node
	choice *choice
}

// A choice is made by the byte at an offset in the path.
type choice struct {
	at     int          // the offset
	groups [32]literals // by the byte's class
}

// maxChain is how many nodes a chain has before it is split.
const maxChain = 4

// candidates returns the only chain that may have the literal at the start of the path.
func (l *literals) candidates(path string) *Node {
	for l.choice != nil {
		l = l.choice.group(path)
	}
	return l.chain
}

func (c *choice) group(path string) *literals {
	return &c.groups[classOf(path, c.at)]
}

// classOf returns the class of the byte at an offset in the path. Letters of the same
// case are in different classes, and so are digits.
func classOf(path string, at int) byte {
	if at >= len(path) {
		return '/' % 32
	}
	return path[at] % 32
}

// add adds a node with a new text; count is the number of nodes with it. The choices are
// rebuilt each time the number has doubled, and if the text is too short for a choice on
// its way.
func (l *literals) add(n *Node, count int) {
	if count&(count-1) == 0 {
		l.gather()
	}
	leaf := l
	for leaf.choice != nil {
		if leaf.choice.at > len(n.text) {
			l.gather()
			leaf = l
			break
		}
		leaf = leaf.choice.group(n.text)
	}
	leaf.push(n)
	leaf.split()
}

// gather puts all nodes back into one chain.
func (l *literals) gather() {
	all := literals{}
	l.each(all.push)
	*l = all
}

// each calls f for every node. f may move the node to another chain.
func (l *literals) each(f func(*Node)) {
	for n := l.chain; n != nil; {
		next := n.next
		f(n)
		n = next
	}
	for i := 0; l.choice != nil && i < len(l.choice.groups); i++ {
		l.choice.groups[i].each(f)
	}
}

func (l *literals) push(n *Node) { n.next, l.chain = l.chain, n }

// split turns a chain that is too long into a choice.
func (l *literals) split() {
	at := l.difference()
	if at == 0 {
		return
	}
	c := &choice{at: at}
	l.each(func(n *Node) { c.group(n.text).push(n) })
	*l = literals{choice: c}
	for i := range c.groups {
		c.groups[i].split()
	}
}

// difference returns the offset whose bytes have the most classes, or 0 if the chain is
// short or can't be split.
func (l *literals) difference() (at int) {
	length, shortest := 0, 0
	for n := l.chain; n != nil; n = n.next {
		if length == 0 || len(n.text) < shortest {
			shortest = len(n.text)
		}
		length++
	}
	if length <= maxChain {
		return 0
	}
	most := 1
	for i := 1; i <= shortest; i++ {
		var classes [32]bool
		count := 0
		for n := l.chain; n != nil; n = n.next {
			if class := classOf(n.text, i); !classes[class] {
				classes[class] = true
				count++
			}
		}
		if count > most {
			most, at = count, i
		}
	}
	return at
}
