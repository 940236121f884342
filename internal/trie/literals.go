package trie

// The literal children of a node, found by a path that begins with one.
//
// A few are a linked list, a chain, which is searched from its start. More are told
// apart by a byte at an offset where they differ, and those that are alike there by
// another byte, until only chains are left. The offset is never behind the end of
// one of the literals, because there the path may hold anything. At the very end,
// the path has a slash or ends too, and both count as the same.

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

// candidates returns the chain that has the literal which the path begins with, if
// any has.
func (l *literals) candidates(path string) *Node {
	for l.choice != nil {
		l = l.choice.group(path)
	}
	return l.chain
}

func (c *choice) group(path string) *literals {
	return &c.groups[classOf(path, c.at)]
}

// classOf returns the class of the byte at an offset in the path. No two letters of
// one case and no two digits are of one class.
func classOf(path string, at int) byte {
	if at >= len(path) {
		return '/' % 32
	}
	return path[at] % 32
}

// add adds a node whose text is new; count is how many there are then. Choices are
// made anew for all of them each time that their number has doubled, and if the text
// is too short for a choice on the way to it.
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

// gather puts all of them back into one chain.
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

// split makes a choice of a chain that is too long.
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

// difference returns the offset at which the bytes are of the most classes, or 0 if
// the chain is short or can't be told apart.
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
