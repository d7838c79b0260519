package webrtc

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

// lane is a page's way in a test of the core, in steps of a millisecond: a camera whose
// frames leave as they come, a link with what others send over it, and the page's
// feedback. It is slow and obvious: no packet waits but on the link.
type lane struct {
	t    *testing.T
	leg  *leg
	now  time.Time
	from time.Time
	link *netem.Link[uint16] // transport-wide numbers; strangers have none
	rec  *twcc.Recorder
	back []told // feedback on its way back
	seed *rand.Rand

	every  time.Duration // of the feedback
	main   float64       // bit/s
	shown  media.Layer
	other  float64 // bit/s of others
	owed   float64 // bytes of others not yet sent
	padded int     // bytes
	queue  []int   // what is paced out: sizes
	tokens float64

	changes []change
}

type told struct {
	at  time.Time
	raw []byte
}

// change is one change of what the page is to see.
type change struct {
	at    time.Duration
	layer media.Layer
}

// stranger is the number of packets that are not ours.
const stranger = 1 << 15

func newLane(t *testing.T, p netem.Profile) *lane {
	t.Helper()
	start := time.Unix(1000, 0)
	link, err := netem.New[uint16](p, 3, start)
	if err != nil {
		t.Fatal(err)
	}
	return &lane{
		t: t, leg: newLeg(1), now: start, from: start, link: link, rec: twcc.NewRecorder(1),
		seed: rand.New(rand.NewPCG(1, 2)), every: 100 * time.Millisecond, main: 2.5e6,
	}
}

func (w *lane) turn(p netem.Profile) {
	w.t.Helper()
	if err := w.link.SetProfile(w.now, p); err != nil {
		w.t.Fatal(err)
	}
}

func (w *lane) rate(l media.Layer) float64 {
	if l == media.LayerMain {
		return w.main
	}
	return 0.45e6
}

// frame is the size of the i-th frame of a layer in bytes: each 50th is a key frame of
// eight times the size of the others.
func (w *lane) frame(l media.Layer, i int) int {
	unit := w.rate(l) / 8 * 2 / (49 + 8)
	if i%50 == 0 {
		unit *= 8
	}
	return int(unit * (0.8 + 0.4*w.seed.Float64()))
}

func (w *lane) send(size int) {
	seq := w.leg.leave(w.now, size)
	if seq >= stranger {
		w.t.Fatal("the test has no more numbers")
	}
	w.link.Push(w.now, size+16, seq)
}

// pace lets go of what waits.
func (w *lane) pace() {
	if pace := w.leg.pace(); pace > 0 {
		w.tokens = min(w.tokens+pace/8/1000, 2600)
	} else {
		w.tokens = 1e9
	}
	for len(w.queue) > 0 && w.tokens > 0 {
		w.tokens -= float64(w.queue[0])
		w.send(w.queue[0])
		w.queue = w.queue[1:]
	}
}

func (w *lane) cut(size int) {
	for ; size > 0; size -= 1200 {
		w.queue = append(w.queue, min(size, 1200))
	}
}

// run lets time pass.
func (w *lane) run(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(time.Millisecond) {
		ms := int(w.now.Sub(w.from) / time.Millisecond)
		if ms%40 == 0 {
			w.film(ms / 40)
		}
		if ms%20 == 7 {
			w.send(160) // sound
		}
		w.pace()
		if w.leg.probing(w.now) && ms%5 == 0 {
			for need := w.leg.padding(w.now); need > 600; need -= 1200 {
				w.padded += 1200
				w.send(1156)
			}
		}
		for w.owed += w.other / 8 / 1000; w.owed >= 1200; w.owed -= 1200 {
			w.link.Push(w.now, 1172, stranger)
		}
		w.arrive(ms)
		w.leg.look(w.now, w.rates())
		w.follow(ms / 40)
	}
}

func (w *lane) rates() (r layers) {
	r[w.shown], r[media.LayerAudio] = w.rate(w.shown), 64e3
	return r
}

// film sends the next frame, and changes to main at a key frame.
func (w *lane) film(i int) {
	if w.leg.layer() == media.LayerMain && w.shown == media.LayerSub && i%50 == 0 {
		w.shown = media.LayerMain
		w.leg.show(w.now, w.shown)
	}
	w.cut(w.frame(w.shown, i))
}

// follow changes to sub at once, with its cached group of pictures.
func (w *lane) follow(i int) {
	if n := len(w.changes); n == 0 || w.changes[n-1].layer != w.leg.layer() {
		w.changes = append(w.changes, change{w.now.Sub(w.from), w.leg.layer()})
	}
	if w.leg.layer() == media.LayerSub && w.shown == media.LayerMain {
		w.shown = media.LayerSub
		w.leg.show(w.now, w.shown)
		w.queue = w.queue[:0]
		for j := i - i%50; j < i; j++ {
			w.cut(w.frame(w.shown, j))
		}
	}
}

// arrive is the page's part.
func (w *lane) arrive(ms int) {
	for seq, ok := w.link.Pop(w.now); ok; seq, ok = w.link.Pop(w.now) {
		if seq < stranger {
			w.rec.Record(7, seq, w.now.Sub(w.from).Microseconds()+5e9)
		}
	}
	if ms%int(w.every/time.Millisecond) == 0 {
		for _, p := range w.rec.BuildFeedbackPacket() {
			raw, err := p.Marshal()
			if err != nil {
				w.t.Fatal(err)
			}
			w.back = append(w.back, told{w.now.Add(5 * time.Millisecond), raw})
		}
	}
	for len(w.back) > 0 && !w.back[0].at.After(w.now) {
		if err := w.leg.feedback(w.now, w.back[0].raw, w.rates()); err != nil {
			w.t.Fatal(err)
		}
		w.back = w.back[1:]
	}
}

func (w *lane) expect(want ...media.Layer) {
	w.t.Helper()
	got := make([]media.Layer, 0, len(w.changes))
	for _, c := range w.changes {
		got = append(got, c.layer)
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("the page is to see %v, want %v", w.changes, want)
	}
}

const ms = time.Millisecond

func TestALegThatFallsStepsDownAndBackUp(t *testing.T) {
	for _, every := range []time.Duration{50 * ms, 100 * ms, 250 * ms} { // browsers report as often as that
		for _, queue := range []time.Duration{60 * ms, 200 * ms, time.Second} {
			t.Run(every.String()+" between reports, a queue of "+queue.String(), func(t *testing.T) {
				good := netem.Profile{Rate: 20e6, Queue: queue, Delay: 3 * ms, Jitter: 3 * ms}
				bad := good
				bad.Rate = 1e6
				w := newLane(t, good)
				w.every = every
				w.run(10 * time.Second)
				w.expect(media.LayerMain)
				if w.padded > 0 || w.leg.pace() > 0 {
					t.Errorf("on a good leg %d bytes of padding, pace %.0f", w.padded, w.leg.pace())
				}
				w.turn(bad)
				w.run(20 * time.Second)
				w.expect(media.LayerMain, media.LayerSub)
				if took := w.changes[1].at - 10*time.Second; took > time.Second {
					t.Errorf("it took %v to step down", took)
				}
				if w.padded > 500_000 {
					t.Errorf("%d bytes of padding on a bad leg", w.padded)
				}
				w.turn(good)
				w.run(20 * time.Second)
				w.expect(media.LayerMain, media.LayerSub, media.LayerMain)
				if took := w.changes[2].at - 30*time.Second; took > 8*time.Second {
					t.Errorf("it took %v to step up", took)
				}
			})
		}
	}
}

func TestALegThatCarriesMainKeepsIt(t *testing.T) {
	wifi := netem.Profile{Rate: 20e6, Delay: 3 * ms, Jitter: 15 * ms, Queue: 200 * ms}
	lossy, jittery, far, narrow, away := wifi, wifi, wifi, wifi, wifi
	lossy.Loss, lossy.Burst = 0.08, 3
	jittery.Jitter = 40 * ms
	far.Delay, far.Loss, far.Burst = 75*ms, 0.02, 2
	narrow.Rate = 5e6
	away.Outages, away.Queue = []netem.Outage{{At: 5 * time.Second, For: 800 * ms, Every: 10 * time.Second}}, time.Second
	for _, c := range []struct {
		name  string
		p     netem.Profile
		other float64
	}{
		{"a wire", netem.Profile{Rate: 100e6, Delay: ms}, 0},
		{"a radio", wifi, 0},
		{"one that loses 8 %", lossy, 0},
		{"one with 40 ms of jitter", jittery, 0},
		{"one that is narrow", narrow, 0},
		{"one with others on it", wifi, 15e6},
		{"one that is out for 0.8 s now and then", away, 0},
		{"another continent", far, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newLane(t, c.p)
			w.main, w.other = 4e6, c.other
			w.run(40 * time.Second)
			w.expect(media.LayerMain)
			if w.padded > 0 {
				t.Errorf("%d bytes of padding", w.padded)
			}
		})
	}
}

func TestALegWithoutFeedbackDecidesNothing(t *testing.T) {
	w := newLane(t, netem.Profile{Rate: 1e6, Queue: time.Second})
	w.every = time.Hour
	w.run(10 * time.Second)
	w.expect(media.LayerMain)
}

func TestALegStepsDownWhenFeedbackEnds(t *testing.T) {
	w := newLane(t, netem.Profile{Rate: 20e6, Delay: 3 * ms})
	w.run(5 * time.Second)
	w.every = time.Hour
	w.run(2 * time.Second)
	w.expect(media.LayerMain, media.LayerSub)
}
