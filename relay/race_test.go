package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/config"
)

func addresses(list ...string) (out []netip.AddrPort) {
	for _, a := range list {
		out = append(out, netip.AddrPortFrom(netip.MustParseAddr(a), 4433))
	}
	return out
}

func TestTheOrderOfAddresses(t *testing.T) {
	four, six := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, []string{"fd00::1", "fd00::2"}
	for _, tt := range []struct {
		name      string
		four, six []string
		last      string
		want      []string
	}{
		{"one", four[:1], nil, "", four[:1]},
		{"IPv6 first, then in turn", four, six, "", []string{"fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2", "10.0.0.3"}},
		{"what answered last time before all", four, six, "10.0.0.2", []string{"10.0.0.2", "fd00::1", "10.0.0.1", "fd00::2", "10.0.0.3"}},
		{"also of IPv6", four[:2], six, "fd00::2", []string{"fd00::2", "10.0.0.1", "fd00::1", "10.0.0.2"}},
		{"what answered last time and is there no more", four[:1], six[:1], "10.9.9.9", []string{"fd00::1", "10.0.0.1"}},
		{"only IPv6", nil, six, "", six},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c contest
			if tt.last != "" {
				c.last = netip.MustParseAddr(tt.last)
			}
			c.add(addresses(tt.four...))
			c.add(addresses(tt.six...))
			var got []string
			for at, ok := c.next(); ok; at, ok = c.next() {
				got = append(got, at.Addr().String())
			}
			if !slices.Equal(got, tt.want) || c.left() != 0 {
				t.Errorf("%v, want %v; %d left", got, tt.want, c.left())
			}
		})
	}
}

// names is a resolver: what it knows of one host, and how long each answer takes.
type names struct {
	four, six         string
	fourTook, sixTook time.Duration
}

func (r *names) lookUp(ctx context.Context, network, host string) ([]netip.Addr, error) {
	list, took := r.four, r.fourTook
	if network == "ip6" {
		list, took = r.six, r.sixTook
	}
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if list == "" {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var out []netip.Addr
	for a := range strings.FieldsSeq(list) {
		out = append(out, netip.MustParseAddr(a))
	}
	return out, nil
}

// A school dials hub.example, which has addresses that lead to the hub and others that
// lead nowhere. Only 10.0.0.1 or fd00::1 is the hub.
func TestASchoolFindsTheAddressThatWorks(t *testing.T) {
	const (
		soon  = 150 * time.Millisecond // a handshake over 20 ms, and the hello
		raced = soon + nextAfter
	)
	never := time.Hour
	for _, tt := range []struct {
		name   string
		hub    string
		names  names
		within time.Duration
	}{
		{"IPv4 only", "10.0.0.1", names{four: "10.0.0.1"}, soon},
		{"IPv6 only", "fd00::1", names{six: "fd00::1"}, soon},
		{"both, and both work", "fd00::1", names{four: "10.0.0.1", six: "fd00::1"}, soon},
		{"IPv6 is announced and leads nowhere", "10.0.0.1", names{four: "10.0.0.1", six: "fd00::1"}, raced},
		{"IPv4 leads nowhere", "fd00::1", names{four: "10.0.0.1", six: "fd00::1"}, soon},
		{"nobody ever says whether there is IPv6", "10.0.0.1", names{four: "10.0.0.1", sixTook: never}, soon + sixWithin},
		{"nobody ever says whether there is IPv4", "fd00::1", names{six: "fd00::1", fourTook: never}, soon},
		{
			"IPv4 is said late, and IPv6 leads nowhere",
			"10.0.0.1",
			names{four: "10.0.0.1", six: "fd00::1", fourTook: time.Second},
			time.Second + soon,
		},
		{
			"the hub has five addresses, and the last one works",
			"10.0.0.1",
			names{four: "10.0.0.3 10.0.0.2 10.0.0.1", six: "fd00::3 fd00::2"},
			soon + 4*nextAfter,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCounty(t)
				for _, ip := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2", "fd00::3"} {
					c.link("10.0.1.1", ip, netem.Profile{Rate: 20e6, Delay: 10 * time.Millisecond})
				}
				c.start("hub", tt.hub)
				time.Sleep(time.Second)
				began := time.Now()
				school := c.dialByName("school", "10.0.1.1", &tt.names, "")
				for school.Links() == 0 {
					if time.Since(began) > dialWithin {
						t.Fatal("no link after five seconds")
					}
					time.Sleep(time.Millisecond)
				}
				t.Logf("linked after %v", time.Since(began))
				if took := time.Since(began); took > tt.within {
					t.Errorf("linked after %v, want %v", took, tt.within)
				}
				// A broken family costs its quarter of a second once.
				c.close("hub")
				time.Sleep(3 * time.Second)
				c.start("hub", tt.hub)
				time.Sleep(3 * time.Second)
				if school.Links() != 1 {
					t.Errorf("%d links after the hub has come again", school.Links())
				}
				c.close("school", "hub")
			})
		})
	}
}

// dialByName runs a node whose parent is hub.example.
func (c *county) dialByName(name, ip string, r *names, via string) *running {
	c.t.Helper()
	c.lookUp = r.lookUp
	defer func() { c.lookUp = nil }()
	return c.run(name, ip, &config.Config{Parents: []config.Parent{{Address: "hub.example:4433", Via: via}}})
}

// Both addresses are the hub's and are far away, so that both handshakes come to an end.
// The slower one is closed before it is a link.
func TestOnlyOneConnectionOfARaceIsALink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		far := netem.Profile{Rate: 20e6, Delay: 300 * time.Millisecond}
		c.link("10.0.1.1", "10.0.0.1", far)
		c.link("10.0.1.1", "10.0.0.2", far)
		c.link("10.0.1.1", "10.0.0.3", far)
		for i, name := range []string{"hub", "hub-too", "hub-three"} {
			c.start(name, fmt.Sprintf("10.0.0.%d", i+1))
		}
		time.Sleep(time.Second)
		school := c.dialByName("school", "10.0.1.1", &names{four: "10.0.0.1 10.0.0.2 10.0.0.3"}, "")
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			if n := c.nodes["hub-too"].Links() + c.nodes["hub-three"].Links(); n != 0 {
				t.Fatal("who was slower has a link")
			}
		}
		if school.Links() != 1 || c.nodes["hub"].Links() != 1 {
			t.Errorf("the school has %d links, the hub %d", school.Links(), c.nodes["hub"].Links())
		}
		c.close("school", "hub", "hub-too", "hub-three")
	})
}

// When nothing takes the school, it is told what says most.
func TestWhatIsSaidWhenNoAddressWorks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hub   string
		names names
		via   string
		want  string
	}{
		{"nothing answers at any", "10.0.0.9", names{four: "10.0.0.1", six: "fd00::1"}, "", "nothing answers at hub.example:4433"},
		{"one is another node", "10.0.0.1", names{four: "10.0.0.1", six: "fd00::1"}, "", "answers node other, not hub"},
		{"the name has no address", "10.0.0.9", names{}, "", "no such host"},
		{"none that the line in via can reach", "10.0.0.9", names{six: "fd00::1"}, "10.0.1.1", "no such host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCounty(t)
				c.lookUp = tt.names.lookUp
				c.start("other", tt.hub)
				school := c.start("school", "10.0.1.1")
				time.Sleep(time.Second)
				synctest.Wait() // both run
				ctx, cancel := context.WithTimeout(t.Context(), dialWithin)
				defer cancel()
				d := &dialer{node: school.Node, parent: config.Parent{Address: "hub.example:4433", Node: "hub", Via: tt.via}}
				_, err := d.attempt(ctx)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v", err)
				}
				c.close("school", "other")
			})
		})
	}
}
