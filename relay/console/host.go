package console

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// knowsHost tells whether a request came under a name that is this node's: an address, a
// name of the local network, or one that its certificate holds. Under any other name the
// page may be somebody else's, whose name was pointed at this node when it was open in a
// visitor's browser (DNS rebinding): to the browser it is then of one origin with us, and
// would be let in for the sake of the visitor's address.
func knowsHost(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if !strings.Contains(host, ".") {
		return true // nobody can register a name without a dot
	}
	for _, local := range []string{".local", ".lan", ".internal", ".home.arpa", ".localdomain"} {
		if strings.HasSuffix(host, local) {
			return true
		}
	}
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, host) })
}
