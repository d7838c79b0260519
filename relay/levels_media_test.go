package relay

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/identity"
)

// Two schools, a county with two hub machines, a city and a province: media finds its way
// by what each asks of the next, crosses each link once however many watch, and comes back
// over none.
func TestFourLevelsCarryOneCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		wire := netem.Profile{Rate: 100e6, Delay: 5 * time.Millisecond}
		ips := map[string]string{
			"prov": "10.0.0.1", "city": "10.0.0.2", "hub-a": "10.0.0.3", "hub-b": "10.0.0.4",
			"s1": "10.0.1.1", "s2": "10.0.1.2",
		}
		join := func(name string, role identity.Role, parents ...string) *running {
			var at []string
			for _, p := range parents {
				c.link(ips[name], ips[p], wire)
				at = append(at, ips[p])
			}
			return c.join(name, ips[name], role, at...)
		}
		prov := join("prov", identity.Province)
		city := join("city", identity.City, "prov")
		join("hub-a", identity.Hub, "city")
		join("hub-b", identity.Hub, "city", "hub-a")
		s1 := join("s1", identity.School, "hub-a")
		s2 := join("s2", identity.School, "hub-b")
		s := startClip(t, s1.Node, "s1/cam")
		go s.run() // ended below

		// What one level adds: the same frames at each node of the way, at the same time.
		type seen struct {
			name   string
			lat    []time.Duration
			frames int
		}
		const viewers = 10
		watching := []*running{c.nodes["hub-a"], city, prov}
		results := make(chan seen, len(watching)*viewers+1)
		view := func(n *running) {
			lat, frames := watch(t, n.Node, "s1/cam", 10*time.Second)
			results <- seen{n.cfg.Node, lat, frames}
		}
		for _, n := range watching {
			for range viewers {
				go view(n) // ends with its result
			}
		}
		go view(s2) // likewise
		time.Sleep(8 * time.Second)
		for name, want := range map[string]string{
			"s1": "hub-a", "hub-a": "city hub-b", "hub-b": "s2", "city": "prov", "prov": "", "s2": "",
		} {
			var to []string
			for _, l := range c.nodes[name].table.peers() {
				for _, o := range l.status.Load().Out {
					to = append(to, l.peer)
					if o.Feed != "s1/cam" {
						t.Errorf("%s sends %s to %s", name, o.Feed, l.peer)
					}
				}
			}
			slices.Sort(to)
			if got := strings.Join(slices.Compact(to), " "); got != want {
				t.Errorf("%s sends to %q, want %q", name, got, want)
			}
		}
		p50 := make(map[string]time.Duration)
		for range cap(results) {
			r := <-results
			if r.frames < 240 {
				t.Errorf("%s: %d of about 250 frames", r.name, r.frames)
			}
			p50[r.name] = percentile(r.lat, 50)
		}
		t.Logf("p50: %v", p50)
		// 5 ms of wire, and five packets at 100 Mbit/s.
		for _, hop := range [][2]string{{"hub-a", "city"}, {"city", "prov"}} {
			if d := p50[hop[1]] - p50[hop[0]]; d > 9*time.Millisecond {
				t.Errorf("from %s to %s takes %v", hop[0], hop[1], d)
			}
		}
		close(s.stop)
		c.close("s1", "s2", "hub-a", "hub-b", "city", "prov")
	})
}
