package testnet

import (
	"net/netip"
	"sync"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
)

// datagram is one on its way.
type datagram struct {
	from, to netip.AddrPort
	payload  []byte
	deliver  func(datagram)
}

// wire is the shell of one netem.Link: it tells it the time.
type wire struct {
	mu    sync.Mutex
	link  *netem.Link[datagram]
	timer *time.Timer // runs drain when the link has something; Network.Close stops it
}

func newWire(p netem.Profile, seed uint64) (*wire, error) {
	link, err := netem.New[datagram](p, seed, time.Now())
	if err != nil {
		return nil, err
	}
	w := &wire{link: link}
	w.timer = afterFunc(w.drain)
	return w, nil
}

func (w *wire) send(d datagram) {
	w.mu.Lock()
	w.link.Push(time.Now(), len(d.payload), d)
	w.mu.Unlock()
	w.drain()
}

// drain delivers what has arrived and sets the timer to what comes next. The
// lock is held over the delivery so that two drains cannot swap packets; deliver
// calls nothing that comes back here.
func (w *wire) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for {
		d, ok := w.link.Pop(now)
		if !ok {
			break
		}
		d.deliver(d)
	}
	if next := w.link.Next(); !next.IsZero() {
		w.timer.Reset(next.Sub(now))
	}
}

func (w *wire) setDown(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.link.SetDown(time.Now(), down)
}

func (w *wire) setProfile(p netem.Profile) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.link.SetProfile(time.Now(), p)
}

func (w *wire) stats() netem.Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.link.Stats()
}

func (w *wire) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}
