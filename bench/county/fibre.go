package county

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// fibre is the TCP line over which a machine joins the directory of the level above. A cut
// keeps what is on its way, as a cable does: TCP would send it again.
type fibre struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	whole chan struct{} // closed while it is not cut
}

// layFibre makes a line from one address to another.
func layFibre(from, to string) (*fibre, error) {
	var cfg net.ListenConfig
	l, err := cfg.Listen(context.Background(), "tcp", from)
	if err != nil {
		return nil, fmt.Errorf("a line for the directory: %w", err)
	}
	f := &fibre{listener: l, to: to, whole: make(chan struct{})}
	close(f.whole)
	return f, nil
}

// Run carries connections until ctx ends.
func (f *fibre) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	stop := context.AfterFunc(ctx, func() { _ = f.listener.Close() })
	defer stop()
	for {
		near, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err == nil {
			all.Go(func() { f.join(ctx, near) }) // ends with ctx, or with the connection
		}
	}
}

// join carries one connection.
func (f *fibre) join(ctx context.Context, near net.Conn) {
	defer func() { _ = near.Close() }()
	if !f.wait(ctx) {
		return
	}
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.to)
	if err != nil {
		return // who dials tries again
	}
	defer func() { _ = far.Close() }()
	ctx, end := context.WithCancel(ctx)
	defer end()
	stop := context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
	defer stop()
	var back sync.WaitGroup
	defer back.Wait()
	back.Go(func() { // ends with either connection
		defer end()
		f.carry(ctx, near, far)
	})
	f.carry(ctx, far, near)
	end()
}

// carry copies one direction until it ends.
func (f *fibre) carry(ctx context.Context, to io.Writer, from io.Reader) {
	const piece = 16 << 10
	buf := make([]byte, piece)
	for {
		n, err := from.Read(buf)
		if err != nil || !f.wait(ctx) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// wait returns when the line is whole; false: ctx is over.
func (f *fibre) wait(ctx context.Context) bool {
	f.mu.Lock()
	whole := f.whole
	f.mu.Unlock()
	select {
	case <-whole:
		return true
	case <-ctx.Done():
		return false
	}
}

// cut cuts the line, or mends it.
func (f *fibre) cut(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.whole:
		if cut {
			f.whole = make(chan struct{})
		}
	default:
		if !cut {
			close(f.whole)
		}
	}
}
