package tigertonic

// The literals of a node of the trie, found by a path that begins with one.
//
// Few are a chain, which is looked through. More are told apart by a byte at
// which they differ, and those that are alike there by another one, until only
// chains are left. The byte is none that lies behind the end of one of them, for
// there the path goes on with what it likes. At the end itself the path has a
// slash or ends, which are taken for the same.

// Literals are a chain, or a choice between more literals.
type literals struct {
	chain  *node
	choice *choice
}

// A choice is made by the byte at an offset in the path.
type choice struct {
	at     int
	groups [32]literals
}

// maxChain is how many nodes a chain may have that can be told apart.
const maxChain = 4

// like returns the chain in which the literal is that the path begins with, if
// there is one.
func (l *literals) like(path string) *node {
	for l.choice != nil {
		l = l.choice.group(path)
	}
	return l.chain
}

func (c *choice) group(path string) *literals {
	return &c.groups[kind(path, c.at)]
}

// kind returns what stands for the byte at an offset in the path. Letters differ
// from each other and digits do.
func kind(path string, at int) byte {
	if at >= len(path) {
		return '/' % 32
	}
	return path[at] % 32
}

// add adds a node whose text none of them has and which makes them so many. Where
// the text is too short for a choice on the way to it, or there are twice as many
// as when the choices were made, all are told apart anew.
func (l *literals) add(n *node, count int) {
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

// gather makes one chain of all.
func (l *literals) gather() {
	all := literals{}
	l.each(all.push)
	*l = all
}

// each calls f, which may change the chain that the node is in, for every node.
func (l *literals) each(f func(*node)) {
	for n := l.chain; n != nil; {
		next := n.next
		f(n)
		n = next
	}
	for i := 0; l.choice != nil && i < len(l.choice.groups); i++ {
		l.choice.groups[i].each(f)
	}
}

func (l *literals) push(n *node) { n.next, l.chain = l.chain, n }

// split makes a choice of a chain that is too long.
func (l *literals) split() {
	at := l.difference()
	if at == 0 {
		return
	}
	c := &choice{at: at}
	l.each(func(n *node) { c.group(n.text).push(n) })
	*l = literals{choice: c}
	for i := range c.groups {
		c.groups[i].split()
	}
}

// difference returns the offset of the byte that is of the most kinds, or 0 if
// there is nothing to gain.
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
		var kinds [32]bool
		count := 0
		for n := l.chain; n != nil; n = n.next {
			if k := kind(n.text, i); !kinds[k] {
				kinds[k] = true
				count++
			}
		}
		if count > most {
			most, at = count, i
		}
	}
	return at
}
