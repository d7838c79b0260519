package control

import (
	"errors"
	"fmt"
)

// Probe is a conversation of its own: a dialler that says a Probe where a link
// says Hello wants to measure the line and not to exchange feeds. A node that
// does not know it answers that the first message is no hello, and nothing at it
// has changed. Exactly one field is set.
//
//	dialler  Ask
//	node     Terms, or Refused at any time
//	dialler  Send: the node sends a step; it ends with Sent
//	node     Arrived: what came of the steps that the dialler sends
//	dialler  Stop: the running step has seen enough
type Probe struct {
	Ask     *ProbeAsk   `json:"ask,omitempty"`
	Terms   *ProbeTerms `json:"terms,omitempty"`
	Refused string      `json:"refused,omitempty"` // why, in words
	Send    *ProbeStep  `json:"send,omitempty"`
	Sent    *ProbeSent  `json:"sent,omitempty"`
	Stop    bool        `json:"stop,omitempty"`
	// Arrived is a list of test packets that came, in the form of package
	// relay/probe.
	Arrived []byte `json:"arrived,omitempty"`
}

// ProbeAsk opens a probe.
type ProbeAsk struct {
	Software string `json:"software"`
	// Force measures although a lesson runs.
	Force bool `json:"force,omitempty"`
}

// ProbeTerms are what a node allows, and what it has to tell.
type ProbeTerms struct {
	MaxRate int64 `json:"max_rate"` // bit/s
	MaxMs   int64 `json:"max_ms"`   // of the whole probe
	// DatagramSize is the largest datagram the node can send on this connection,
	// in bytes, flow id included.
	DatagramSize int `json:"datagram_size"`
	// Above are the node's own links towards the top of the tree, nearest first.
	Above []Hop `json:"above,omitempty"`
}

// ProbeStep is traffic of one kind for some time.
type ProbeStep struct {
	ID uint16 `json:"id"`
	// Rooms whose main and sub stream are played; 0: a trickle.
	Rooms int   `json:"rooms"`
	ForMs int64 `json:"for_ms"`
}

// ProbeSent tells how many packets a step had.
type ProbeSent struct {
	ID      uint16 `json:"id"`
	Packets uint32 `json:"packets"`
}

// Hop is a link to a parent as the lower node sees it. Times are microseconds,
// shares 0 to 1; what is not known is missing.
type Hop struct {
	Node   string `json:"node"`   // the lower end
	Parent string `json:"parent"` // the upper end
	RTTUs  int64  `json:"rtt_us,omitempty"`
	// LossIn is the share of packets lost on the way from the parent, LossOut on
	// the way to it.
	LossIn  *float64 `json:"loss_in,omitempty"`
	LossOut *float64 `json:"loss_out,omitempty"`
	// DelayUs is the one-way delay of the pictures from the parent: the median from
	// capture to this node, less what it was at the parent, is not known to one
	// node, so it is counted from the camera.
	DelayUs *int64 `json:"delay_us,omitempty"`
	QueueUs *int64 `json:"queue_us,omitempty"` // that stands towards the parent
	Main    int    `json:"main"`               // main streams that come now
	Sub     int    `json:"sub"`                // sub streams that come now
}

const (
	// maxHops bounds the hops of an announcement: a few parents each, MaxHops high.
	maxHops = 4 * MaxHops
	// maxProbeRooms and maxProbeMs bound one step. What a node allows is less.
	maxProbeRooms = 100
	maxProbeMs    = 60_000
)

func (p *Probe) validate() error {
	if t := p.Terms; t != nil {
		if t.MaxRate <= 0 || t.MaxMs <= 0 || t.DatagramSize <= 0 {
			return errors.New("terms of a probe that allow nothing")
		}
		return validateHops(t.Above)
	}
	if s := p.Send; s != nil {
		if s.Rooms < 0 || s.Rooms > maxProbeRooms || s.ForMs <= 0 || s.ForMs > maxProbeMs {
			return fmt.Errorf("a probe of %d rooms for %d ms; at most %d rooms for %d ms go", s.Rooms, s.ForMs,
				maxProbeRooms, maxProbeMs)
		}
	}
	return nil
}

func validateHops(hops []Hop) error {
	if len(hops) > maxHops {
		return fmt.Errorf("%d hops told, at most %d are taken", len(hops), maxHops)
	}
	for i := range hops {
		h := &hops[i]
		if h.Node == "" || len(h.Node) > maxName || h.Parent == "" || len(h.Parent) > 2*maxName {
			return errors.New("a node name of a hop is empty or too long")
		}
	}
	return nil
}
