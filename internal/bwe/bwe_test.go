package bwe

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// road is a FIFO link for tests: our frames and a constant stream of others.
type road struct {
	rate   float64 // bits per second
	others float64
	delay  time.Duration
	jitter time.Duration
	offset time.Duration // of the peer's clock
	loss   float64
	random *rand.Rand

	now   time.Time
	queue float64 // bits
	at    time.Time
	seq   int64
	last  time.Time // arrivals stay in order
	sent  []Result
}

func newRoad(rate float64) *road {
	return &road{
		rate: rate, delay: 30 * time.Millisecond, offset: -3 * time.Hour,
		random: rand.New(rand.NewPCG(1, 2)), now: time.Unix(5000, 0), at: time.Unix(5000, 0),
	}
}

// send puts one packet of ours on the road at r.now.
func (r *road) send(size int) {
	dt := r.now.Sub(r.at).Seconds()
	r.queue = max(0, r.queue+(r.others-r.rate)*dt)
	r.at = r.now
	r.queue += float64(size) * 8
	arrived := r.now.Add(r.delay + time.Duration(r.queue/r.rate*1e9))
	if r.jitter > 0 {
		arrived = arrived.Add(time.Duration(r.random.Int64N(int64(r.jitter))))
	}
	if arrived.Before(r.last) {
		arrived = r.last
	}
	r.last = arrived
	r.seq++
	res := Result{Seq: r.seq, Sent: r.now, Arrived: arrived.Add(r.offset), Size: size}
	if r.loss > 0 && r.random.Float64() < r.loss {
		res.Arrived = time.Time{}
	}
	r.sent = append(r.sent, res)
}

// frames sends a frame of so many packets every 40 ms, paced at 16 Mbit/s, and
// reports every 20 ms.
func (r *road) frames(e *Estimator, packets int, length time.Duration) {
	const step = time.Millisecond / 2
	begin, left := r.now, 0
	for i := 0; r.now.Sub(begin) < length; i++ {
		if i%80 == 0 {
			left += packets
		}
		if left > 0 && i%2 == 0 {
			for range 2 {
				if left > 0 {
					e.OnSent(r.now, 1000)
					r.send(1000)
					left--
				}
			}
		}
		if i%40 == 39 {
			r.report(e)
		}
		r.now = r.now.Add(step)
	}
}

// report tells what arrived by now.
func (r *road) report(e *Estimator) {
	n := 0
	for n < len(r.sent) {
		s := r.sent[n]
		if !s.Arrived.IsZero() && s.Arrived.Sub(r.now) > r.offset {
			break
		}
		n++
	}
	e.OnReport(r.now, r.sent[:n])
	r.sent = r.sent[n:]
}

func TestPhiTellsWhoseQueueItIs(t *testing.T) {
	for _, ca := range []struct {
		name   string
		others float64 // share of the link
	}{
		{"alone", 0}, {"beside a fifth", 0.2}, {"beside a half", 0.5}, {"beside four fifths", 0.8},
	} {
		t.Run(ca.name, func(t *testing.T) {
			e, r := New(Config{}), newRoad(6e6)
			r.frames(e, 10, 2*time.Second) // a base, no queue at frame starts
			r.others = ca.others * r.rate
			// A frame that takes a little longer than the link has left, so that a queue stands.
			packets := int((1-ca.others)*r.rate*0.040/8000*1.08) + 1
			r.queue += 0.03 * r.rate // 30 ms are there already
			r.frames(e, packets, 600*time.Millisecond)
			phi := e.Signals().Phi
			if !phi.Known || math.Abs(phi.Value-ca.others) > 0.1 {
				t.Fatalf("phi %+v, want %.1f ± 0.1; %+v", phi, ca.others, e.Signals())
			}
		})
	}
}

// Parity fills the silences between our frames on a link that is ours alone, and no report
// speaks of it. It is not somebody else's.
func TestOurOwnParityIsNotSomebodyElse(t *testing.T) {
	for _, told := range []bool{false, true} {
		e, r := New(Config{}), newRoad(1e6)
		r.frames(e, 3, 2*time.Second)
		beside := 0
		for i := range 100 { // two packets of a frame, three of parity in a row: 1 % more than there is room for
			for j := range 5 {
				e.OnSent(r.now, 1010)
				r.send(1010)
				last := len(r.sent) - 1
				if j >= 2 {
					r.sent = r.sent[:last]
					beside += 1010
				} else if told {
					r.sent[last].Beside, beside = beside, 0
				}
				r.now = r.now.Add(8 * time.Millisecond)
			}
			if i%2 == 0 {
				r.report(e)
			}
		}
		switch s := e.Signals(); {
		case s.Queue < 15*time.Millisecond:
			t.Fatalf("no queue stands: %+v", s)
		case told && s.Phi.Or(0) > 0.3:
			t.Errorf("others are said to fill %.0f %% of our own link", 100*s.Phi.Value)
		case !told && s.Phi.Or(0) < 0.4:
			t.Errorf("phi is %+v without being told, so this test tells nothing", s.Phi)
		}
	}
}

func TestJitterAloneIsNoQueue(t *testing.T) {
	e, r := New(Config{}), newRoad(50e6)
	r.jitter = 20 * time.Millisecond
	r.frames(e, 17, 10*time.Second)
	s := e.Signals()
	if s.Phi.Known || s.Busy.Length > 100*time.Millisecond || s.Queue500 > 8*time.Millisecond {
		t.Fatalf("%+v", s)
	}
}

func TestTrainsReadTheCapacity(t *testing.T) {
	e, r := New(Config{}), newRoad(6e6)
	r.frames(e, 12, 2*time.Second)
	if c := e.Signals().Train; math.Abs(c-6e6) > 0.3e6 {
		t.Fatalf("%.2f Mbit/s, want 6", c/1e6)
	}
}

func TestALinkWithRoomReadsQuiet(t *testing.T) {
	e, r := New(Config{}), newRoad(20e6)
	r.loss = 0.05
	r.frames(e, 20, 5*time.Second)
	s := e.Signals()
	if s.Queue != 0 || s.Busy.Length != 0 || s.Contest.Events != 0 || s.Contest.FairRate != 0 {
		t.Fatalf("%+v", s)
	}
	if math.Abs(s.Delivered-0.95*4e6) > 0.3e6 || math.Abs(s.Sent-4e6) > 0.3e6 {
		t.Fatalf("sent %.2f, delivered %.2f Mbit/s", s.Sent/1e6, s.Delivered/1e6)
	}
	if math.Abs(s.LossUsual-0.05) > 0.03 {
		t.Fatalf("usual loss %.3f", s.LossUsual)
	}
}

func TestOverloadBecomesABusyStretch(t *testing.T) {
	e, r := New(Config{}), newRoad(20e6)
	r.frames(e, 20, 2*time.Second)
	r.rate = 3e6
	r.frames(e, 20, 400*time.Millisecond)
	b := e.Signals().Busy
	if b.Length < 200*time.Millisecond || b.Growth < 40*time.Millisecond || math.Abs(b.Rate-3e6) > 0.3e6 {
		t.Fatalf("%+v", b)
	}
	e.OnLayerChange(r.now, false)
	r.frames(e, 1, 60*time.Millisecond)
	if b := e.Signals().Busy; b.Length != 0 {
		t.Fatalf("the stretch goes on after a layer change: %+v", b)
	}
}

func TestTheBaseFollowsADriftingClock(t *testing.T) {
	e, r := New(Config{}), newRoad(20e6)
	for range 300 {
		r.frames(e, 10, time.Second)
		r.offset -= 100 * time.Microsecond // 100 ppm
	}
	if q := e.Signals().Queue; q > 8*time.Millisecond {
		t.Fatalf("a queue of %v", q)
	}
}

func TestAClockThatIsSetIsBelieved(t *testing.T) {
	e, r := New(Config{}), newRoad(20e6)
	r.frames(e, 10, 2*time.Second)
	r.offset += 24 * time.Hour
	r.last = time.Time{}
	r.frames(e, 10, 2*time.Second)
	if s := e.Signals(); s.Queue > 5*time.Millisecond || s.Delivered < 1.5e6 {
		t.Fatalf("%+v", s)
	}
}

func TestDuplicatesAndOldResultsChangeNothing(t *testing.T) {
	plain, noisy := New(Config{}), New(Config{})
	r := newRoad(6e6)
	for i := range 2000 {
		r.now = r.now.Add(2 * time.Millisecond)
		r.send(1000)
		if i%10 == 9 {
			plain.OnReport(r.now, r.sent)
			noisy.OnReport(r.now, append(append([]Result(nil), r.sent...), r.sent...))
			if i%50 == 49 {
				old := r.sent[0]
				old.Seq -= 40
				old.Sent = old.Sent.Add(-time.Hour)
				noisy.OnReport(r.now, append([]Result{old}, r.sent...))
				plain.OnReport(r.now, nil)
			}
			r.sent = r.sent[:0]
		}
	}
	if plain.Signals() != noisy.Signals() {
		t.Fatalf("%+v\n%+v", plain.Signals(), noisy.Signals())
	}
}

func TestReorderedReportsGiveNearlyTheSame(t *testing.T) {
	plain, mixed := New(Config{}), New(Config{})
	r := newRoad(6e6)
	for i := range 2000 {
		r.now = r.now.Add(2 * time.Millisecond)
		r.send(1000)
		if i%10 == 9 {
			plain.OnReport(r.now, r.sent)
			r.random.Shuffle(len(r.sent), func(i, j int) { r.sent[i], r.sent[j] = r.sent[j], r.sent[i] })
			mixed.OnReport(r.now, r.sent)
			r.sent = r.sent[:0]
		}
	}
	if plain.Signals() != mixed.Signals() {
		t.Fatalf("%+v\n%+v", plain.Signals(), mixed.Signals())
	}
}

func TestFairRateIsThatOfTheLuckiestTCP(t *testing.T) {
	// One loss every 2 s under a queue of 80 ms that moves, RTT 20 ms: a Reno flow
	// grows by a segment per round trip of 100 ms and halves every 2 s.
	var c contest
	s := &Signals{RTT: 20 * time.Millisecond}
	q := &queueing{}
	for i := range 3000 {
		at := time.Duration(i) * 20 * time.Millisecond
		queue := 80 * time.Millisecond
		if i%100 < 20 {
			queue -= 20 * time.Millisecond
		}
		q.add(at, queue)
		q.settle(at, true)
		c.open.bits += 4e6 * 0.020
		lost := 0
		if i%100 == 99 {
			lost = 1
		}
		c.update(at, s, q, lost)
	}
	got := c.read(60*time.Second, s)
	if got.Events < 20 {
		t.Fatalf("%+v", got)
	}
	r := 0.020 + 0.076
	reno := 1.5 * 2 * segment / (r * r)
	if math.Abs(got.FairRate-reno) > 0.1*reno {
		t.Fatalf("%.2f Mbit/s, a Reno flow would get %.2f", got.FairRate/1e6, reno/1e6)
	}
	tfrc := segment / (r * math.Sqrt(2/(3*800.0)))
	if math.Abs(got.TFRCRate-tfrc) > 0.1*tfrc {
		t.Fatalf("TFRC %.2f Mbit/s, want %.2f", got.TFRCRate/1e6, tfrc/1e6)
	}
}

func TestRandomLossUnderALongerPathIsNoContest(t *testing.T) {
	e, r := New(Config{}), newRoad(20e6)
	r.loss = 0.05
	r.frames(e, 20, 5*time.Second)
	r.delay += 80 * time.Millisecond
	r.frames(e, 20, 20*time.Second)
	if s := e.Signals(); s.Queue500 < 70*time.Millisecond || s.Contest.Events > 0 {
		t.Fatalf("%+v", s)
	}
}

// FuzzReports forges everything a peer could: no panic, and no number that is not
// one.
func FuzzReports(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	f.Add([]byte{255, 0, 255, 0, 128, 128, 9, 9, 9, 9, 9, 9, 9, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, now, seq := New(Config{}), time.Unix(0, 0), int64(0)
		var results []Result
		for len(b) >= 4 {
			op, x, y, z := b[0], int64(int8(b[1])), int64(b[2]), int64(int8(b[3]))
			b = b[4:]
			now = now.Add(time.Duration(op) * time.Millisecond / 8)
			seq += x
			r := Result{Seq: seq << (op % 3 * 20), Sent: now.Add(-time.Duration(y) * time.Millisecond), Size: int(y * 9)}
			switch op % 5 {
			case 0:
			case 1:
				r.Arrived = now.Add(time.Duration(z) << (op % 56))
			default:
				r.Arrived = r.Sent.Add(time.Duration(z) * time.Millisecond)
			}
			results = append(results, r)
			e.OnSent(now, r.Size)
			if op%4 == 0 {
				e.OnReport(now, results)
				results = results[len(results)/2:]
				check(t, e.Signals())
			}
			if op == 77 {
				e.OnLayerChange(now, x > 0)
				e.SetRTT(time.Duration(z) * time.Millisecond)
			}
		}
	})
}

func check(t *testing.T, s Signals) {
	t.Helper()
	for name, v := range map[string]float64{
		"train": s.Train, "busy": s.Busy.Rate, "delivered": s.Delivered, "capacity": s.Capacity, "sent": s.Sent,
		"loss": s.Loss250, "loss 600": s.Loss600, "usual": s.LossUsual, "phi": s.Phi.Value, "fair": s.Contest.FairRate,
		"queue": s.Queue.Seconds(), "queue 500": s.Queue500.Seconds(),
	} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			t.Fatalf("%s is %v in %+v", name, v, s)
		}
	}
	if s.Phi.Value > 1 || s.Loss600 > 1 {
		t.Fatalf("%+v", s)
	}
}

func BenchmarkOnReport(b *testing.B) {
	// One main stream: 9 packets in a report of 20 ms.
	e, r := New(Config{}), newRoad(20e6)
	results := make([]Result, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		results = results[:0]
		for range 9 {
			r.now = r.now.Add(2 * time.Millisecond)
			e.OnSent(r.now, 1200)
			r.send(1200)
		}
		results = append(results, r.sent...)
		r.sent = r.sent[:0]
		e.OnReport(r.now, results)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/9, "ns/packet")
}
