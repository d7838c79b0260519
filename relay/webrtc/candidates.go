package webrtc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/ice/v4"
)

// candidate is one address in an answer (RFC 8839 §5.1).
type candidate struct {
	addr netip.Addr
	port int
	tcp  bool
}

// arrange rewrites the candidates of an answer. Browsers try them one after the other,
// some 50 ms apart, in order of priority: the address under which the page's request
// came is the one that works, so it goes first; TCP goes last, since a lost packet
// holds up all behind it. Loopback is for pages on the node itself. extra are added.
func arrange(sdp string, here, page netip.Addr, extra []netip.Addr) string {
	list := candidatesOf(sdp)
	ports := map[bool]int{}
	for _, c := range list {
		ports[c.tcp] = c.port
	}
	for _, a := range extra {
		for _, tcp := range []bool{false, true} {
			if ports[tcp] != 0 {
				list = append(list, candidate{a.Unmap(), ports[tcp], tcp})
			}
		}
	}
	list = slices.DeleteFunc(list, func(c candidate) bool { return c.addr.IsLoopback() && !page.IsLoopback() })
	rank := func(c candidate) (r int) {
		if c.tcp {
			r = 2
		}
		if c.addr != here {
			r++
		}
		return r
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return rank(a) - rank(b) })
	return replace(sdp, slices.Compact(list))
}

// candidatesOf reads the candidates that pion wrote, each once.
func candidatesOf(sdp string) (list []candidate) {
	for line := range strings.Lines(sdp) {
		value, ok := strings.CutPrefix(strings.TrimSpace(line), "a=candidate:")
		if !ok {
			continue
		}
		said, err := ice.UnmarshalCandidate(value)
		if err != nil || said.Component() != ice.ComponentRTP { // that of RTCP, which is muxed
			continue
		}
		addr, err := netip.ParseAddr(said.Address())
		if err != nil {
			continue
		}
		if c := (candidate{addr.Unmap(), said.Port(), said.NetworkType().IsTCP()}); !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// replace writes the candidates in the place of those in sdp: to the first media section
// that is not refused. The others go the same way (RFC 9143 §7.3).
func replace(sdp string, list []candidate) string {
	const end = "a=end-of-candidates\r\n"
	var b strings.Builder
	open := false // in the section that gets them
	done := false
	finish := func() {
		if !open {
			return
		}
		for i, c := range list {
			b.WriteString(c.line(i))
		}
		b.WriteString(end)
		open, done = false, true
	}
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a=candidate:") || line == end {
			continue
		}
		if f := strings.Fields(line); strings.HasPrefix(line, "m=") && len(f) > 1 {
			finish()
			open = !done && f[1] != "0"
		}
		b.WriteString(line)
	}
	finish()
	return b.String()
}

// line is the candidate's line when it is the i-th best. The priority is RFC 8445
// §5.1.2.1 with the type preference of a host candidate, and of one over TCP as RFC
// 6544 §4.2 has it.
func (c candidate) line(i int) string {
	preference, transport, kind := 126, "udp", ""
	if c.tcp {
		preference, transport, kind = 90, "tcp", " tcptype passive"
	}
	const best, component = 65535, 1
	priority := preference<<24 | (best-i)<<8 | (256 - component)
	return fmt.Sprintf("a=candidate:%d %d %s %d %s %d typ host%s\r\n",
		i+1, component, transport, priority, c.addr, c.port, kind)
}
