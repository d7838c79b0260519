package console

import (
	"math"
	"time"
)

// The shapes of /api/v1. Times are UTC, durations are milliseconds, rates are bit/s,
// shares lie between 0 and 1, and null means: not known.

// Status is the state of a node. It is immutable once it is given away.
type Status struct {
	Version  int       `json:"version"` // of these shapes: 1
	Node     string    `json:"node"`
	Software string    `json:"software"`
	Since    time.Time `json:"since"` // the node's start
	Now      time.Time `json:"now"`
	Feeds    []Feed    `json:"feeds"`
	Links    []Link    `json:"links"`
	Players  []Player  `json:"players"`
}

// Feed is a feed that the node has or could get.
type Feed struct {
	ID             string     `json:"id"`
	Source         string     `json:"source"` // in words: a camera, a pusher, a node
	Path           []string   `json:"path"`   // the nodes it has come through
	Online         bool       `json:"online"`
	OfflineSince   *time.Time `json:"offline_since"`
	Viewers        int        `json:"viewers"`          // players at this node
	LatencyMS      *float64   `json:"latency_ms"`       // age of a frame when it is complete here
	LatencyErrorMS *float64   `json:"latency_error_ms"` // how wrong that may be
	Layers         []Layer    `json:"layers"`
	Problem        *Trouble   `json:"problem"`

	Cause  Cause  `json:"-"` // why it is offline
	Reason string `json:"-"` // the same in the words of who knows
}

// Layer is one encoding of a feed.
type Layer struct {
	Name          string   `json:"name"`
	Codec         string   `json:"codec"`
	Width         *int     `json:"width"`
	Height        *int     `json:"height"`
	Rate          *float64 `json:"rate"`
	Interest      int      `json:"interest"` // players and links that want it
	Packets       uint64   `json:"packets"`
	KeyFrameAgeMS *float64 `json:"key_frame_age_ms"`
}

// Link is a connection to another node, or to a configured parent that has none now.
type Link struct {
	Peer         string     `json:"peer"`
	Remote       string     `json:"remote"`
	Up           bool       `json:"up"`
	Dialled      bool       `json:"dialled"` // by this node
	Since        *time.Time `json:"since"`   // up or down
	RTTMS        *float64   `json:"rtt_ms"`
	DelayMS      *float64   `json:"delay_ms"`       // one way: half of the shortest round trip
	DelayErrorMS *float64   `json:"delay_error_ms"` // either way
	Loss         *float64   `json:"loss"`           // of the direction that carries media
	Burst        *float64   `json:"burst"`          // packets
	Overhead     *float64   `json:"overhead"`       // parity beside the media
	QueueMS      *float64   `json:"queue_ms"`
	Rate         *float64   `json:"rate"`     // media, both ways
	Estimate     *float64   `json:"estimate"` // what the line carries in all, as far as seen
	LatencyMS    *Latency   `json:"latency_ms"`
	Repaired     *uint64    `json:"repaired"` // packets that parity brought back
	Late         *uint64    `json:"late"`     // frames that grew too old before they could leave
	Lost         *uint64    `json:"lost"`     // packets missing for good
	Flows        []Flow     `json:"flows"`
	Problem      *Trouble   `json:"problem"`

	Facts LinkFacts `json:"-"`
}

// LinkFacts is what else is known of a link, to say what is wrong with it.
type LinkFacts struct {
	Silent    bool   // nothing comes back from the peer
	SoundOnly bool   // pictures are wanted of it and none fits
	Far       string // why the round trip allows no repair in time; empty: it does
	Why       Text   // why there is no link; empty: not known
}

// Latency is the age of frames that came over a link, over the last seconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Flow is one layer on a link.
type Flow struct {
	Feed      string     `json:"feed"`
	Layer     string     `json:"layer"`
	Direction string     `json:"direction"` // in or out
	Active    bool       `json:"active"`    // it is being sent: of one picture mostly one layer is
	Since     *time.Time `json:"since"`
	Reason    string     `json:"reason"` // why the link carries what it does
}

// Player is somebody who watches at this node.
type Player struct {
	Feed    string     `json:"feed"`
	Kind    string     `json:"kind"` // rtsp, whep or mse
	Remote  string     `json:"remote"`
	User    string     `json:"user"`
	Since   *time.Time `json:"since"`
	Layer   string     `json:"layer"`
	Frames  uint64     `json:"frames"`
	Dropped uint64     `json:"dropped"`
}

// MS is a duration as a number of milliseconds with one digit behind the point.
func MS(d time.Duration) *float64 {
	return new(math.Round(float64(d)/1e5) / 10)
}

// forGuests leaves out who else watches: that is nobody's business but the school's.
func (s *Status) forGuests() *Status {
	g := *s
	g.Players = make([]Player, len(s.Players))
	for i, p := range s.Players {
		p.Remote, p.User = "", ""
		g.Players[i] = p
	}
	return &g
}
