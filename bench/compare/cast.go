package compare

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// cast is a peer's programs while they run.
type cast struct {
	peer   *Peer
	places Places
	hub    end
	branch end
	echo   io.Writer

	atHub, atBranch []*process
	died            chan error // the first that ends by itself; later ones are dropped
}

func newCast(p *Peer, places Places, hub, branch end, echo io.Writer) *cast {
	return &cast{peer: p, places: places, hub: hub, branch: branch, echo: echo, died: make(chan error, 1)}
}

// start writes the files and starts everything, each program when the one before it
// is ready. What runs when it fails is stopped by stop.
func (c *cast) start(ctx context.Context) error {
	for _, e := range []end{c.hub, c.branch} {
		if err := e.setTCP(c.peer.TCP); err != nil {
			return err
		}
	}
	if err := c.writeFiles(); err != nil {
		return err
	}
	for _, command := range c.peer.Prepare {
		if err := c.prepare(ctx, command); err != nil {
			return err
		}
	}
	for _, program := range c.peer.Hub {
		if err := c.launch(ctx, "hub", c.hub, program, &c.atHub); err != nil {
			return err
		}
	}
	for _, program := range c.peer.Branch {
		if err := c.launch(ctx, "branch", c.branch, program, &c.atBranch); err != nil {
			return err
		}
	}
	return nil
}

func (c *cast) writeFiles() error {
	for name, text := range c.peer.Files {
		filled, err := c.places.fill(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(c.places.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(filled), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// prepare runs a command to its end.
func (c *cast) prepare(ctx context.Context, command []string) error {
	command, err := c.places.fillAll(command)
	if err != nil {
		return err
	}
	p, err := start(c.hub, "prepare", c.places.Dir, command, c.echo)
	if err != nil {
		return err
	}
	defer p.stop()
	select {
	case <-p.ended:
		if p.err != nil {
			return p.died()
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(usualReady):
		return fmt.Errorf("%s: not done after %s: %s", p.name, usualReady, p.said.last())
	}
}

// launch starts a program that stays.
func (c *cast) launch(ctx context.Context, side string, at end, want Program, running *[]*process) error {
	command, err := c.places.fillAll(want.Run)
	if err != nil {
		return err
	}
	if want.Port, err = c.places.fill(want.Port); err != nil {
		return err
	}
	if want.Says, err = c.places.fill(want.Says); err != nil {
		return err
	}
	p, err := start(at, side, c.places.Dir, command, c.echo)
	if err != nil {
		return err
	}
	*running = append(*running, p)
	if err := p.ready(ctx, at, want); err != nil {
		return err
	}
	go func() { // ends with the program, which stop ends
		<-p.ended
		select {
		case c.died <- p.died():
		default:
		}
	}()
	return nil
}

// stop ends everything against the way of the media, and waits.
func (c *cast) stop() {
	for _, all := range [][]*process{c.atBranch, c.atHub} {
		for i := len(all) - 1; i >= 0; i-- {
			all[i].stop()
		}
	}
}

// cpuOf is what programs that have ended used of a processor; nil without a program.
func cpuOf(all []*process, ran time.Duration) *float64 {
	if len(all) == 0 {
		return nil
	}
	var sum time.Duration
	for _, p := range all {
		sum += p.cpu()
	}
	used := sum.Seconds() / ran.Seconds()
	return &used
}
