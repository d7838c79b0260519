package relay

import (
	"net/netip"
	"slices"
)

// contest is the order in which the addresses of one host are tried: the families in
// turn, IPv6 first (RFC 8305 §4), but before all the address that answered last time, so
// that a broken IPv6 costs its quarter of a second once. It is a core; the zero value has
// no addresses.
type contest struct {
	six, four []netip.AddrPort // not tried yet
	last      netip.Addr       // tried before the others; the zero value: none is
	wasSix    bool             // the family that was tried last
}

// add takes in addresses as the resolver orders them.
func (c *contest) add(list []netip.AddrPort) {
	for _, at := range list {
		if at.Addr().Is6() {
			c.six = append(c.six, at)
		} else {
			c.four = append(c.four, at)
		}
	}
}

// best tells whether what comes next is worth no waiting for the other family's
// addresses.
func (c *contest) best() bool { return len(c.six) > 0 || c.has(c.four) }

func (c *contest) has(list []netip.AddrPort) bool { return c.index(list) >= 0 }

// index is where the address that answered last time is; -1 when it is not there.
func (c *contest) index(list []netip.AddrPort) int {
	return slices.IndexFunc(list, func(at netip.AddrPort) bool { return at.Addr() == c.last })
}

// next takes the address that is to be tried now.
func (c *contest) next() (at netip.AddrPort, ok bool) {
	list := &c.four
	switch {
	case c.has(c.four):
	case c.has(c.six) || len(c.four) == 0 || len(c.six) > 0 && !c.wasSix:
		list = &c.six
	}
	if len(*list) == 0 {
		return at, false
	}
	i := max(0, c.index(*list))
	at = (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	c.wasSix = list == &c.six
	return at, true
}

// left is how many addresses are not tried yet.
func (c *contest) left() int { return len(c.six) + len(c.four) }
