package access

import (
	"net/http"
	"testing"
)

func TestRemoteOf(t *testing.T) {
	for _, c := range []struct {
		name, from string
		forwarded  []string
		want       string
	}{
		{"a page in the school", "192.168.1.20:40000", nil, "192.168.1.20"},
		{"a page on the node itself", "127.0.0.1:40000", nil, "127.0.0.1"},
		{"IPv4 on a socket of IPv6", "[::ffff:192.168.1.20]:40000", nil, "192.168.1.20"},
		{"behind a web server on the node", "127.0.0.1:40000", []string{"192.168.1.20"}, "192.168.1.20"},
		{"behind two of them", "[::1]:40000", []string{"10.0.0.1, 192.0.2.1", "192.0.2.7,  10.1.2.9"}, "10.1.2.9"},
		{"behind one that says nonsense", "127.0.0.1:40000", []string{"unknown"}, "invalid IP"},
		{"who claims to be this machine", "192.168.1.20:40000", []string{"127.0.0.1"}, "192.168.1.20"},
		{"a socket without an address", "@", nil, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.from, Header: http.Header{}}
		for _, f := range c.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := RemoteOf(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
