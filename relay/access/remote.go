package access

import (
	"net/http"
	"net/netip"
	"strings"
)

// RemoteOf is who sends a request over HTTP, without the port. A web server on this
// machine that passes requests on says for whom, in the last entry of X-Forwarded-For:
// without that everybody would be taken for this machine, which may do everything. Of
// an address that cannot be read it returns none, which belongs to no network.
func RemoteOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	remote := at.Addr().Unmap()
	forwarded := r.Header.Values("X-Forwarded-For")
	if !remote.IsLoopback() || len(forwarded) == 0 {
		return remote
	}
	list := strings.Split(forwarded[len(forwarded)-1], ",")
	client, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1]))
	if err != nil {
		return netip.Addr{}
	}
	return client.Unmap()
}
