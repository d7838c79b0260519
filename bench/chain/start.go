package chain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// part is something with a Run, in the order of the packets.
type part struct {
	name string
	run  func(ctx context.Context) error
}

func (c *Chain) add(name string, run func(ctx context.Context) error) {
	c.parts = append(c.parts, part{name, run})
}

// Running is a chain that is on.
type Running struct {
	stops []func() // the viewer's first, each may be called twice
	close func()   // what is left of the chain
}

// Start switches everything on. A part that ends by itself is told to fail, by
// name. The chain runs until Stop, whatever becomes of ctx, so that figures can
// be read when ctx has ended.
func (c *Chain) Start(ctx context.Context, fail context.CancelCauseFunc) *Running {
	r := &Running{close: c.close}
	for _, p := range c.parts {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		var wg sync.WaitGroup
		wg.Go(func() { // ends by cancel, and the stop below waits for it
			if err := p.run(ctx); err != nil {
				fail(fmt.Errorf("%s: %w", p.name, err))
			} else if ctx.Err() == nil {
				fail(errors.New(p.name + " has stopped by itself"))
			}
		})
		r.stops = slices.Insert(r.stops, 0, func() { cancel(); wg.Wait() })
	}
	return r
}

// StopViewer ends the viewer, and waits: what it reports from then on is what it
// saw while all the rest was still there.
func (r *Running) StopViewer() { r.stops[0]() }

// Stop ends everything against the way of the packets, and waits.
func (r *Running) Stop() {
	for _, stop := range r.stops {
		stop()
	}
	r.close()
}
