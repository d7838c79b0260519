package fanout

import (
	"encoding/binary"
	"time"

	"github.com/classrelay/classrelay/internal/pacer"
)

// nextStep is when steering has something to do by itself; zero: never.
func (s *steering) nextStep() time.Time {
	if len(s.feeds) == 0 {
		return time.Time{}
	}
	next := s.decided.Add(decideEvery)
	if s.padding || s.verdict.Probe.Rate > 0 {
		next = soonest(next, s.padded.Add(padEvery))
	}
	return next
}

// pad fills the gaps of our own traffic while a probe runs.
func (d *Downlink) pad(now time.Time) {
	s := &d.steer
	if now.Sub(s.padded) < padEvery {
		return
	}
	s.padded = now
	need := s.filler.Fill(now, s.verdict.Probe, s.spent)
	s.spent = 0
	s.padding = s.verdict.Probe.Rate > 0 && now.Before(s.verdict.Probe.Until)
	if !s.padding {
		d.pacer.DropFlow(ProbeFlow, nil)
		return
	}
	for ; need > paddingSize/2; need -= paddingSize + datagramCost {
		d.padding(now, paddingSize)
	}
}

// knock sends a little padding during a blackout, whose report will end it.
func (d *Downlink) knock(now time.Time) {
	s := &d.steer
	if now.Sub(s.padded) < knockEvery {
		return
	}
	s.padded = now
	d.padding(now, knockSize)
}

func (d *Downlink) padding(now time.Time, size int) {
	s := &d.steer
	s.probe++
	out := Out{Flow: ProbeFlow, Data: padding(s.probe, size), class: pacer.Probe, probe: s.probe}
	d.pacer.Push(now, pacer.Probe, ProbeFlow, size, out)
}

// paddingSize fills a datagram with a flow id of one byte.
const paddingSize = 1312

func padding(seq uint16, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint16(b, seq)
	return b
}
