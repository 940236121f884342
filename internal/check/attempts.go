package check

// A schema can hold several schemas against one value: the alternatives of AnyOf, and
// Ref beside words of its own. Where these lead to the same values within it, each
// level would double what is to be done. So what has come of holding a check against
// an object or an array is remembered while an outer value may come by again, unless
// it took so little that it is as well done again.

// An attempt is to hold a check against the value that begins there.
type attempt struct {
	*Check
	begin int
}

// An outcome is what has come of an attempt.
type outcome struct {
	ok    bool
	told  bool // what is wrong is among the errors
	end   int
	edits *span
	added int
}

// Attempts are those of a checking.
type attempts struct {
	again int // how many outer checks look at the value more than once
	vain  int // how many of these drop what is wrong
	bad   int // how much is wrong, whether it is told or not
	clean int // how much was when the attempt began
	work  int // that there has been, but for what is remembered
	known map[attempt]outcome
}

// worthKnowing is how much work is remembered.
const worthKnowing = 16

// attempt holds k against the value at begin, with no edits but its own, and goes
// behind the value.
func (c *checking) attempt(k *Check, begin int) outcome {
	live, added, bad, clean := c.edits.close(), c.added, c.bad, c.clean
	c.Pos, c.clean = begin, c.bad
	c.edits.restore(nil)
	c.once(k)
	o := outcome{ok: c.bad == bad, told: c.vain == 0, end: c.Pos, edits: c.edits.close(), added: c.added - added}
	c.added, c.bad, c.clean = added, bad, clean
	c.edits.restore(live)
	return o
}

// remembered is value where the value may have come by already.
func (c *checking) remembered(k *Check) {
	at, work := attempt{k, c.Pos}, c.work
	o, known := c.known[at]
	o.added = 0 // it has been counted, or will be
	if !known || !o.ok && !o.told && c.vain == 0 {
		o = c.attempt(k, at.begin)
		if c.work-work >= worthKnowing {
			if c.known == nil {
				c.known = map[attempt]outcome{}
			}
			c.known[at] = o
			c.work = work + 1
		}
	}
	c.accept(o)
}

// accept goes behind a value of which the outcome is known.
func (c *checking) accept(o outcome) {
	c.Pos = o.end
	if !o.ok {
		c.bad++
		return
	}
	c.edits.join(o.edits)
	c.added += o.added // which may be no more than is there already
}

// any checks that the value meets one of the alternatives, and goes behind it.
func (c *checking) any(k *Check) {
	begin := c.Pos
	var o outcome
	for _, alternative := range k.anyOf {
		c.again++
		c.vain++
		o = c.attempt(alternative, begin)
		c.vain--
		c.again--
		if o.ok {
			c.accept(o)
			return
		}
	}
	c.Pos = o.end
	c.wrong("anyOf", "", "must have one of the allowed forms")
}
