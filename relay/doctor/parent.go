package doctor

import (
	"fmt"
	"net"
	"time"
)

// parent says what became of dialling a parent.
func (e *examination) parent(p *Parent) {
	about := "parent " + p.Address
	if p.ResolveErr != "" {
		e.say(Bad, about, "its name has no address: "+p.ResolveErr, "resolvectl query "+hostOf(p.Address)+
			"   # or write the address itself into parents")
		return
	}
	if p.Resolved > slowName {
		e.say(Warn, about, fmt.Sprintf("looking its name up took %s: so long a school waits for each new link",
			p.Resolved.Round(100*time.Millisecond)), "resolvectl status   # a DNS server that does not answer stands first")
	}
	var works, fails []*Way
	for i := range p.Ways {
		if w := &p.Ways[i]; w.Err == "" {
			works = append(works, w)
		} else {
			fails = append(fails, w)
		}
	}
	for _, w := range works {
		e.good(about, "%s answers, handshake in %s", w.Address, w.Took.Round(time.Millisecond))
		e.way(about, w)
	}
	for _, w := range fails {
		e.failed(about, w, len(works) > 0)
	}
}

// failed says why an address cannot be used, and what that means when another can.
func (e *examination) failed(about string, w *Way, another bool) {
	switch {
	case another && w.Address.Addr().Is6():
		e.say(Warn, about, fmt.Sprintf("its IPv6 address %s does not work (%s), another does: new links wait for it",
			w.Address, w.Err), "mend IPv6 on this site's router, or take the AAAA record out of the name")
	case another:
		e.say(Warn, about, fmt.Sprintf("its address %s does not work (%s), another does", w.Address, w.Err),
			"take it out of the name's records if that machine is no more")
	default:
		e.say(Bad, about, fmt.Sprintf("%s: %s", w.Address, w.Err), fmt.Sprintf(
			"at this site let UDP out to port %d; there, let it in: ufw allow %[1]d/udp", w.Address.Port()))
	}
}

func (e *examination) way(about string, w *Way) {
	if w.MTU != 0 && w.MTU < wantMTU {
		e.say(Warn, about, fmt.Sprintf("only packets of %d bytes fit on the way to %s: every large one goes in two",
			w.MTU, w.Address), "raise the MTU of the tunnel or of the PPPoE line to 1492 or more, if it is yours")
	}
}

// hostOf leaves out the port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
