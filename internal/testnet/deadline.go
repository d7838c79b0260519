package testnet

import (
	"sync"
	"time"
)

// deadline is a point in time that can be moved while others wait for it.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	at    chan struct{} // closed when the time has come; replaced when moved
}

func newDeadline() *deadline { return &deadline{at: make(chan struct{})} }

// passed returns a channel that is closed once the deadline has passed.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// set moves the deadline; zero = never. Who waits already keeps waiting for the
// new one unless the old one has passed.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.at // the timer has fired: let it finish closing
	}
	d.timer = nil
	select {
	case <-d.at:
		d.at = make(chan struct{})
	default:
	}
	if t.IsZero() {
		return
	}
	c := d.at
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(c) })
		return
	}
	close(c)
}

// stop frees the timer; the deadline never passes any more.
func (d *deadline) stop() { d.set(time.Time{}) }
