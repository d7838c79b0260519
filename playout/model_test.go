package playout

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// model is the splicer for one layer, slow and obvious: it knows from the
// generator where frames begin and end, keeps everything that came, and looks at
// it all each time.
type model struct {
	shots []shot
	of    []int // the frame of each packet
	came  []bool
	known []time.Time // when the packet was known to exist
	next  int
	blind bool
	whole bool // the frame at next is there so far
}

func newModel(shots []shot) *model {
	m := &model{shots: shots, blind: true, whole: true}
	for i, s := range shots {
		for range s.packets {
			m.of = append(m.of, i)
		}
	}
	m.came = make([]bool, len(m.of))
	m.known = make([]time.Time, len(m.of))
	return m
}

func (m *model) first(frame int) int { return sort.SearchInts(m.of, frame) }

func (m *model) push(now time.Time, seq int) {
	if m.came[seq] || seq < m.next {
		return
	}
	m.came[seq] = true
	for i := range seq + 1 {
		if m.known[i].IsZero() {
			m.known[i] = now
		}
	}
}

func (m *model) complete(frame int) bool {
	for i := m.first(frame); i < m.first(frame+1); i++ {
		if !m.came[i] {
			return false
		}
	}
	return true
}

func (m *model) step(now time.Time, wait time.Duration) (out []string) {
	for m.next < len(m.of) && !m.known[m.next].IsZero() {
		f := m.of[m.next]
		if m.came[m.next] {
			m.next++
			if m.next < m.first(f+1) {
				continue
			}
			if m.whole && (m.shots[f].key || !m.blind) {
				m.blind = false
				out = append(out, fmt.Sprintf("%v frame %d", now.Sub(epoch), f))
			}
			m.whole = true
			continue
		}
		if now.Before(m.deadline(wait)) {
			break
		}
		// Harmless: a hole between two packets of one frame that nothing refers to.
		last := m.next
		for !m.came[last] {
			last++
		}
		if !m.shots[f].disposable || m.of[last] != f || m.next == m.first(f) {
			m.blind = true
		}
		m.next = last
		m.whole = m.of[last] != f && m.first(m.of[last]) == last
	}
	return out
}

// deadline is when the hole at next is given up: after wait, after one round of
// repair when a whole key frame is behind it, at once when the picture is blind.
func (m *model) deadline(wait time.Duration) time.Time {
	if m.next == len(m.of) || m.known[m.next].IsZero() || m.came[m.next] {
		return time.Time{}
	}
	for k := m.of[m.next] + 1; k < len(m.shots); k++ {
		if !m.shots[k].key || !m.complete(k) {
			continue
		}
		wait = min(wait, lastFrames)
		if m.blind {
			wait = 0
		}
	}
	return m.known[m.next].Add(wait)
}

// TestSplicerAgreesWithTheModel sends seeded clips through seeded losses, swaps
// and repairs, and compares each frame and the moment it leaves.
func TestSplicerAgreesWithTheModel(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { compare(t, seed) })
	}
}

type event struct {
	at  time.Duration
	seq int
}

func compare(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	const wait = 200 * time.Millisecond
	shots, events := scene(t, rng)
	m := newModel(shots)
	s := NewSplicer(Config{MaxHold: time.Hour, MaxWait: wait}, h264, Start{}, media.LayerMain)
	var packets []*media.Packet
	for _, sh := range shots {
		packets = append(packets, sh.packets...)
	}
	var got, want []string
	counted := uint16(0)
	look := func(now time.Time) {
		want = append(want, m.step(now, wait)...)
		for p, ok := s.Pop(now); ok; p, ok = s.Pop(now) {
			if p.SequenceNumber != counted {
				t.Fatalf("number %d, want %d", p.SequenceNumber, counted)
			}
			counted++
			if p.Marker {
				frame := int(p.Payload[len(p.Payload)-1])<<8 | int(p.Payload[len(p.Payload)-2])
				got = append(got, fmt.Sprintf("%v frame %d", now.Sub(epoch), frame))
			}
		}
	}
	pass := func(until time.Time) {
		for {
			next := sooner(s.Next(), m.deadline(wait))
			if next.IsZero() || !next.Before(until) {
				return
			}
			look(next)
		}
	}
	for _, e := range events {
		pass(epoch.Add(e.at))
		m.push(epoch.Add(e.at), e.seq)
		s.Push(epoch.Add(e.at), packets[e.seq])
		look(epoch.Add(e.at))
	}
	pass(epoch.Add(time.Hour))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("frame %d differs: got %v, want %v", i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
			}
		}
	}
	if st := s.Stats(); st.Broken != 0 || int(st.Frames) != len(got) {
		t.Errorf("counted %+v", st)
	}
}

// scene makes a clip of 120 frames and says when each packet comes.
func scene(t *testing.T, rng *rand.Rand) ([]shot, []event) {
	t.Helper()
	c := &clip{t: t, seq: uint16(rng.Uint32()), offset: rng.Uint32()}
	loss, repaired := rng.Float64()*0.2, rng.Float64()
	var shots []shot
	var events []event
	seq := 0
	for i := range 120 {
		key := i%25 == 0
		sh := c.frame(40*float64(i), 1+rng.IntN(6), key, !key && rng.IntN(4) == 0)
		for j, p := range sh.packets {
			// The number of the frame stands at the end of each payload.
			b := p.Payload()
			b[len(b)-1], b[len(b)-2] = byte(i>>8), byte(i)
			at := time.Duration(40*i)*time.Millisecond + time.Duration(j+1)*200*time.Microsecond
			at += time.Duration(rng.IntN(3)) * 300 * time.Microsecond
			lost := rng.Float64() < loss && i > 0
			if lost {
				at += time.Duration(20+rng.IntN(300)) * time.Millisecond
			}
			if !lost || rng.Float64() < repaired {
				events = append(events, event{at, seq})
			}
			seq++
		}
		shots = append(shots, sh)
	}
	sort.SliceStable(events, func(a, b int) bool { return events[a].at < events[b].at })
	return shots, events
}
