package netem

import (
	"fmt"
	"strings"
	"time"
)

// Names lists the profiles Named knows, from the best line to the worst.
func Names() []string { return []string{"clean", "rural", "bursty", "fade", "outage"} }

// Named returns one direction of a line with a name; use it for both directions
// with two seeds. All have 100 Mbit/s where nothing else is said:
//
//   - clean: round trip 20 ms, no loss
//   - rural: round trip 60 ms, 1 % of the packets lost, each for itself
//   - bursty: round trip 60 ms, 2 % lost in bursts of 5 on average
//   - fade: round trip 60 ms, 20 Mbit/s, from second 10 to 20 only 3 Mbit/s
//   - outage: round trip 60 ms, nothing at all from second 10 to 11
func Named(name string) (Profile, error) {
	p := Profile{Rate: 100_000_000, Delay: 30 * time.Millisecond}
	switch name {
	case "clean":
		p.Delay = 10 * time.Millisecond
	case "rural":
		p.Loss = 0.01
	case "bursty":
		p.Loss, p.Burst = 0.02, 5
	case "fade":
		p.Rate = 20_000_000
		p.Steps = []Step{{At: 10 * time.Second, Rate: 3_000_000}, {At: 20 * time.Second, Rate: 20_000_000}}
	case "outage":
		p.Outages = []Outage{{At: 10 * time.Second, For: time.Second}}
	default:
		return Profile{}, fmt.Errorf("%w: no profile %q (%s)", ErrProfile, name, strings.Join(Names(), ", "))
	}
	return p, nil
}
