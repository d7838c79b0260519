package repair

import "math"

// LossModel learns how a link loses packets: the share p, and the mean length of
// a burst (Gilbert's two-state chain). It is told every packet's fate in order,
// by a feedback.Ledger. The zero value is ready for use.
type LossModel struct {
	packets float64 // all three fade with a window of lossWindow packets
	losses  float64
	bursts  float64
	run     map[uint64]int // per flow: how many of its latest packets were lost in a row
}

const (
	// lossWindow is how many packets the model remembers: ten seconds of one
	// main stream, so some forty losses at 1 %.
	lossWindow = 4000
	// outage is how many packets lost in a row are more than a burst: the link was
	// down, which no parity bridges, and which says nothing about what follows.
	outage = 40
	// Before anything is known: 1 % in short bursts, with the weight of 400 packets.
	priorPackets = 400
	priorLoss    = 0.01
	priorBurst   = 1.5
)

// Settle implements feedback.Settler.
func (m *LossModel) Settle(flow uint64, lost bool) {
	m.begin()
	if lost {
		m.run[flow]++
	} else {
		m.run[flow] = 0
	}
	if m.run[flow] > outage {
		return
	}
	const fade = 1 - 1.0/lossWindow
	m.packets = m.packets*fade + 1
	m.losses *= fade
	m.bursts *= fade
	if lost {
		m.losses++
		if m.run[flow] == 1 {
			m.bursts++
		}
	}
}

func (m *LossModel) begin() {
	if m.run != nil {
		return
	}
	m.run = make(map[uint64]int)
	m.packets = priorPackets
	m.losses = priorPackets * priorLoss
	m.bursts = m.losses / priorBurst
}

// Loss is the share of packets lost, 0 to 1, as best known.
func (m *LossModel) Loss() float64 {
	m.begin()
	return m.losses / m.packets
}

// Burst is the mean number of packets lost in a row, at least 1.
func (m *LossModel) Burst() float64 {
	m.begin()
	return max(1, m.losses/max(m.bursts, 1e-9))
}

// cautious is the loss to plan with: one standard deviation above the estimate.
// Bursts are the independent events, so their number sets the deviation.
func (m *LossModel) cautious() float64 {
	p := m.Loss()
	return min(0.5, p*(1+1/math.Sqrt(max(m.bursts, 1))))
}
