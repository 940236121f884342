package check

// A schema can check one value against several schemas: the alternatives of AnyOf, and
// Ref beside keywords of its own. If these describe the same values within it, each level
// would double the work. So the outcome of checking an object or array is remembered
// while an outer value may be checked again, unless the check is so cheap that it may as
// well be repeated.

// An attempt is a check of the value that begins there.
type attempt struct {
	*Check
	begin int
}

// An outcome is the result of an attempt.
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

// worthKnowing is the least work whose outcome is remembered.
const worthKnowing = 16

// attempt checks the value at begin against k, with no edits but its own, and moves past
// the value.
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

// remembered does what value does, for a value that may have been checked already.
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

// accept moves past a value whose outcome is known.
func (c *checking) accept(o outcome) {
	c.Pos = o.end
	if !o.ok {
		c.bad++
		return
	}
	c.edits.join(o.edits)
	c.added += o.added // which may be no more than is there already
}

// any checks that the value meets one of the alternatives, and moves past it.
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
