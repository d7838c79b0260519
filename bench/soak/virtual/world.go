package virtual

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/classrelay/classrelay/bench/soak"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
)

const (
	forever = time.Duration(1<<63 - 1)
	// quantum is the least step of time: what happens within a millisecond happens
	// together, which makes a day three times as quick.
	quantum = time.Millisecond
	// lineRate is that of the line on a good day, in bit/s.
	lineRate = 20_000_000
	// faultAgain is how long a kind of fault is not told again.
	faultAgain = time.Minute
)

// world is everything there is, and what time it is.
type world struct {
	clocks
	events events
	random *rand.Rand
	noise  []byte
	log    *soak.Log
	told   map[string]time.Duration // when a kind of fault was told last

	rooms  []*room
	roomOf map[media.FeedID]int
	hub    *hub
	branch *branch
	forth  *netem.Link[datagram] // down, the way of the media
	back   *netem.Link[datagram]
	weather

	steady  *viewer
	viewers []*viewer // the others
	guests  int       // that ever came

	generation int // of the link
}

// rates of the rooms' main streams in bit/s.
var rates = []int{2_000_000, 1_000_000, 800_000} //nolint:gochecknoglobals // a lookup table

func newWorld(seed uint64, log *soak.Log) (*world, error) {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable chance
	w := &world{
		clocks: newClocks(), random: random, log: log, told: make(map[string]time.Duration),
		roomOf: make(map[media.FeedID]int), noise: make([]byte, 1<<16),
	}
	for i := range w.noise {
		w.noise[i] = byte(random.Uint32())
	}
	var err error
	w.weather = fine()
	if w.forth, err = netem.New[datagram](w.profile(), random.Uint64(), w.base); err != nil {
		return nil, err
	}
	if w.back, err = netem.New[datagram](w.profile(), random.Uint64(), w.base); err != nil {
		return nil, err
	}
	for i, rate := range rates {
		r := newRoom(media.FeedID(fmt.Sprintf("room-%d", 101+i)), rate, random, w.noise)
		w.rooms, w.roomOf[r.id] = append(w.rooms, r), i
		w.every(0, frameEvery, func() { r.shoot(w.now, w.hubTime()) })
		w.every(0, soundEvery, func() { r.speak(w.now, w.hubTime()) })
	}
	w.hub, w.branch = newHub(w), newBranch(w)
	w.steady = newViewer(w, "the steady viewer", 0, media.LayerMain, media.LayerSub)
	w.steady.keep = true
	w.schedule()
	return w, nil
}

// every repeats something for ever.
func (w *world) every(first, period time.Duration, do func()) {
	var again func()
	at := first
	again = func() {
		do()
		at += period
		w.events.at(at, again)
	}
	w.events.at(first, again)
}

// fault notes what must never happen, each kind once a minute.
func (w *world) fault(kind, what string) {
	if last, ok := w.told[kind]; ok && w.now-last < faultAgain {
		return
	}
	w.told[kind] = w.now
	w.log.Fault(w.now, what)
}

// tell brings a message to the hub over the control stream, which comes late rather
// than never, and ends with the link.
func (w *world) tell(do func(h *hub)) {
	generation := w.generation
	var arrive func()
	arrive = func() {
		switch {
		case w.generation != generation:
		case w.down:
			w.events.at(w.now+100*time.Millisecond, arrive)
		default:
			do(w.hub)
		}
	}
	w.events.at(w.now+w.delay, arrive)
}

// step does all that is due and moves the time to what comes next.
func (w *world) step() {
	w.events.due(w.now)
	at := w.clock()
	for d, ok := w.forth.Pop(at); ok; d, ok = w.forth.Pop(at) {
		w.branch.receive(w.branchTime(), d)
	}
	for d, ok := w.back.Pop(at); ok; d, ok = w.back.Pop(at) {
		w.hub.receive(w.hubTime(), d)
	}
	w.branch.turn()
	w.hub.turn()
	w.steady.turn()
	for _, v := range w.viewers {
		v.turn()
	}
	w.now = max(w.now+quantum, w.next())
}

// next is when something is due.
func (w *world) next() time.Duration {
	next := w.events.list[0].at
	for _, at := range []time.Time{
		w.forth.Next(), w.back.Next(), w.branch.up.Next(), w.branch.exchange.Next(), w.hub.exchange.Next(),
	} {
		next = min(next, w.since(at))
	}
	next = min(next, w.hub.due, w.steady.due)
	for _, v := range w.viewers {
		next = min(next, v.due)
	}
	return next
}
