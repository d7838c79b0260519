package county

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/media"
)

const (
	// retry is how soon a classroom's screen asks again after its own node went away.
	retry = 100 * time.Millisecond
	// apart is by how much the picture numbers of two schools differ, so that a viewer
	// can tell whose he sees: more than there are in a thousand years.
	apart = 1_000_000_000_000
)

// room is a place's screen. It shows the class all the time, whoever is the main school.
type room struct {
	place string
	stop  func()

	mu      sync.Mutex
	main    int // the number of the school that is to be seen; 0: none
	own     int // that of the place itself; 0: it is no school
	healing *Healing
	heard   bool // it has seen its own picture since the last step
}

// openRoom puts a screen up.
func openRoom(place string, own int, url string, log *zap.Logger) (*room, error) {
	r := &room{place: place, own: own, healing: NewHealing(time.Now())}
	v, err := viewer.New(viewer.Config{URL: url, Retry: retry, Keep: r}, log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends by stop, which waits for it
		defer close(done)
		_ = v.Run(ctx) // with Retry it ends with ctx only
	}()
	r.stop = func() { cancel(); <-done }
	return r, nil
}

// Keep implements viewer.Keeper.
func (r *room) Keep(_ media.Codec, _ [][]byte, s stamp.Stamp, verdict error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := int(s.Number / apart)
	if verdict == nil && from == r.main {
		r.healing.Frame(time.Now())
	}
	r.heard = r.heard || verdict == nil && r.own != 0 && from == r.own
}

// expect begins a step: the pictures of that school are to be seen. turned says that it
// has just become the main school.
func (r *room) expect(now time.Time, main int, turned bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.main, r.heard = main, false
	if r.healing = NewHealing(now); turned {
		r.healing = NewTurn(now)
	}
}

// judge looks at the healing.
func (r *room) judge(f func(h *Healing)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r.healing)
}

// hears tells whether the place has seen its own picture since the step began.
func (r *room) hears() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heard
}
