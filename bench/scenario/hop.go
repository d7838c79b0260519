package scenario

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/relay"
)

// Hop is one line and the node at its end, as that node saw it: what an engineer
// reads to find the line that costs the time or loses the packets.
type Hop struct {
	From string `json:"from"`
	To   string `json:"to"`

	RTTMinMs *float64 `json:"rtt_min_ms"` // of the connection; null = no sample
	RTTAvgMs *float64 `json:"rtt_avg_ms"` // of its smoothed round trip, once a second
	ClockMs  *float64 `json:"clock_error_ms"`

	// Packets of picture and sound that came; those that the line lost, and what
	// became of them.
	Packets  uint64  `json:"packets"`
	Lost     uint64  `json:"lost"`
	Restored uint64  `json:"restored"`
	Missing  uint64  `json:"missing"`
	Overhead float64 `json:"overhead"` // parity, in bytes of the media sent

	// Age of frames when they were whole at the node, since their capture, as it
	// measures by itself over the last ten seconds, once a second: the median of
	// those medians, and the worst of the others. Null = no sample.
	P50Ms *float64 `json:"p50_ms"`
	P95Ms *float64 `json:"p95_ms"`
	P99Ms *float64 `json:"p99_ms"`
	MaxMs *float64 `json:"max_ms"`
}

// hops collects what the nodes say about their lines.
type hops struct {
	names [][2]string // from, to; in the order of the chain
	of    map[[2]string]*hopSamples
}

// hopSamples is what is known of one hop.
type hopSamples struct {
	rttMin            time.Duration
	rtt, clock        []time.Duration
	p50               []time.Duration
	p95, p99, longest time.Duration
	sessions          map[time.Time]hopCounts // a link's life each; after an outage it may have another
}

// hopCounts are counters of one session.
type hopCounts struct{ packets, lost, restored, missing uint64 }

func newHops() *hops { return &hops{of: make(map[[2]string]*hopSamples)} }

// look reads a node's view of a link it has dialled.
func (h *hops) look(node string, l *relay.LinkStatus) {
	key := [2]string{l.Peer, node}
	s := h.of[key]
	if s == nil {
		s = &hopSamples{sessions: make(map[time.Time]hopCounts)}
		h.of[key], h.names = s, append(h.names, key)
	}
	if l.Path.MinRTT > 0 {
		s.rtt = append(s.rtt, l.Path.SmoothedRTT)
		if s.rttMin == 0 || l.Path.MinRTT < s.rttMin {
			s.rttMin = l.Path.MinRTT
		}
	}
	if l.Clock.Known {
		s.clock = append(s.clock, l.Clock.Uncertainty)
	}
	var c hopCounts
	most := uint64(0) // frames of the layer that is really seen
	for i := range l.In {
		in := &l.In[i]
		c.packets, c.lost = c.packets+in.Packets, c.lost+in.Lost
		c.restored, c.missing = c.restored+in.Restored, c.missing+in.GivenUp
		if in.Layer.IsVideo() && in.Latency.N > 0 {
			if in.Latency.N > most {
				if most > 0 {
					s.p50 = s.p50[:len(s.p50)-1]
				}
				most, s.p50 = in.Latency.N, append(s.p50, in.Latency.P50)
			}
			s.p95, s.p99 = max(s.p95, in.Latency.P95), max(s.p99, in.Latency.P99)
			s.longest = max(s.longest, in.Latency.Max)
		}
	}
	s.sessions[l.Since] = c
}

// table returns a row for each hop; all is what nodes sent down each link.
func (h *hops) table(all map[session]sent) []Hop {
	rows := []Hop{}
	for _, key := range h.names {
		s := h.of[key]
		row := Hop{From: key[0], To: key[1], RTTAvgMs: mean(s.rtt), ClockMs: mean(s.clock)}
		if s.rttMin > 0 {
			row.RTTMinMs = Number(millis(s.rttMin))
		}
		for _, c := range s.sessions {
			row.Packets, row.Lost = row.Packets+c.packets, row.Lost+c.lost
			row.Restored, row.Missing = row.Restored+c.restored, row.Missing+c.missing
		}
		var down sent
		for of, n := range all {
			if of.node == row.From && of.peer == row.To {
				down.media, down.parity = down.media+n.media, down.parity+n.parity
			}
		}
		row.Overhead = share(down.parity, down.media)
		if len(s.p50) > 0 {
			slices.Sort(s.p50)
			row.P50Ms = Number(millis(s.p50[len(s.p50)/2]))
			row.P95Ms, row.P99Ms = Number(millis(s.p95)), Number(millis(s.p99))
			row.MaxMs = Number(millis(s.longest))
		}
		rows = append(rows, row)
	}
	return rows
}

func mean(all []time.Duration) *float64 {
	if len(all) == 0 {
		return nil
	}
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return Number(millis(sum) / float64(len(all)))
}
