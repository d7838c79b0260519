package relay

import (
	"time"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/route"
)

// meters turn counters into rates and shares for the node's page. They are a core:
// they are told the time and belong to whoever asks once a second. The zero value is
// ready for use.
type meters struct {
	rates  map[string]*rateMeter
	shares map[string]*shareMeter
	absent map[string]time.Time // parents without a link → since when
}

// forgottenAfter is how long what is no longer read is kept.
const forgottenAfter = 10 * time.Second

// rateMeter is a counter of bytes and how fast it grows.
type rateMeter struct {
	at    time.Time
	bytes uint64
	bits  *float64 // per second; nil: not known yet
}

// rate reads a counter of bytes under a name and returns bit/s since the last reading;
// nil at the first. A counter that went back has begun anew.
func (m *meters) rate(now time.Time, name string, bytes uint64) *float64 {
	if m.rates == nil {
		m.rates = make(map[string]*rateMeter)
	}
	r := m.rates[name]
	if r == nil {
		m.rates[name] = &rateMeter{at: now, bytes: bytes}
		return nil
	}
	switch d := now.Sub(r.at); {
	case bytes < r.bytes:
		r.bits = nil
	case d > 0:
		r.bits = new(float64(int64(float64(bytes-r.bytes) * 8 / d.Seconds())))
	}
	r.at, r.bytes = now, bytes
	return r.bits
}

// shareMeter is two counters, and which share of the one the other was of late.
type shareMeter struct {
	at          time.Time
	part, whole uint64
	// recent parts and wholes, in which a second counts nine tenths of the next: about
	// the last ten seconds.
	recentPart, recentWhole float64
}

const shareMemory = 0.9

// share reads two counters under a name and returns which share of the whole the part
// was in the last ten seconds or so; nil while the whole stands still.
func (m *meters) share(now time.Time, name string, part, whole uint64) *float64 {
	if m.shares == nil {
		m.shares = make(map[string]*shareMeter)
	}
	s := m.shares[name]
	if s == nil {
		m.shares[name] = &shareMeter{at: now, part: part, whole: whole}
		return nil
	}
	if part >= s.part && whole >= s.whole { // or else they have begun anew
		s.recentPart = s.recentPart*shareMemory + float64(part-s.part)
		s.recentWhole = s.recentWhole*shareMemory + float64(whole-s.whole)
	}
	s.at, s.part, s.whole = now, part, whole
	if s.recentWhole < 1 {
		return nil
	}
	return new(min(1, s.recentPart/s.recentWhole))
}

// away returns since when a parent has had no link; zero: it has one.
func (m *meters) away(now time.Time, p config.Parent, links []LinkStatus) time.Time {
	if m.absent == nil {
		m.absent = make(map[string]time.Time)
	}
	for i := range links {
		if links[i].Parent == p.Name() || p.Node != "" && links[i].Peer == route.Peer(p.Node, p.Via) {
			delete(m.absent, p.Name())
			return time.Time{}
		}
	}
	if m.absent[p.Name()].IsZero() {
		m.absent[p.Name()] = now
	}
	return m.absent[p.Name()]
}

// forget drops what was not read for a while: feeds and links come and go.
func (m *meters) forget(now time.Time) {
	for name, r := range m.rates {
		if now.Sub(r.at) > forgottenAfter {
			delete(m.rates, name)
		}
	}
	for name, s := range m.shares {
		if now.Sub(s.at) > forgottenAfter {
			delete(m.shares, name)
		}
	}
}
