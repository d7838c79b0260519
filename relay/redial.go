package relay

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/roq"
)

// leg says how a connection came about. The zero value: the peer has dialled.
type leg struct {
	parent string       // the parent that was dialled, as config.Parent.Name
	line   string       // what tells this link from others of the same two nodes
	twice  bool         // media goes over this link and over another one
	anew   chan<- *link // takes the link when it seems stuck; nil: nobody can dial anew
	farEnd
}

// tryAnew lets the dialler of this link try a new connection beside it. It never waits:
// a full channel means that the dialler knows.
func (l *link) tryAnew() {
	select {
	case l.leg.anew <- l:
	default: // as for a link that the peer has dialled, which has no channel
	}
}

var errHeardAgain = errors.New("the connection before this one is heard again")

// keep carries a link until it ends, and returns why.
//
// A connection that hears nothing need not be cut off: the parent may send to an address
// that is not this node's any more. The library follows a peer to a new address twice;
// the third time it has no connection id left for it, and waits for its idle timeout. So
// where a link in use is silent for as long as makes the picture come another way, a new
// connection is tried beside it, which takes over when it is there first.
func (d *dialer) keep(ctx context.Context, conn *roq.Conn) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var (
		ends    = make(chan error, 2)
		fresh   = make(chan *roq.Conn, 1) // nil: the dial has failed
		running int
		dialing bool
		old     *link
		signs   uint64
	)
	defer func() {
		stop()
		wg.Wait()
		drop(fresh)
	}()
	way, cfg := d.leg(), d.node.downlink(d.parent.MaxRate)
	carry := func(conn *roq.Conn) {
		running++
		wg.Go(func() { ends <- d.node.carry(ctx, conn, way, cfg) }) // ends with ctx, or by itself
	}
	carry(conn)
	for {
		select {
		case err := <-ends:
			running--
			if running == 0 {
				return err
			}
		case l := <-d.anew:
			if dialing || running > 1 {
				continue
			}
			dialing, old, signs = true, l, l.signs()
			d.log.Info("the parent is not heard; a new connection is tried beside the one that is silent")
			wg.Go(func() { fresh <- d.beside(ctx) }) // ends within the time of a dial
		case conn := <-fresh:
			dialing = false
			switch {
			case conn == nil:
			case old.signs() != signs:
				_ = conn.CloseWithError(roq.NoError, errHeardAgain.Error())
			default:
				carry(conn)
			}
		}
	}
}

func (d *dialer) leg() leg {
	return leg{parent: d.parent.Name(), line: d.parent.Via, twice: d.parent.Duplicate, anew: d.anew}
}

// beside dials, and says nothing when that fails: there is a link, or what is left of
// it, and what becomes of that is said.
func (d *dialer) beside(ctx context.Context) *roq.Conn {
	conn, err := d.dial(ctx)
	if err != nil {
		d.log.Debug("no new connection", zap.Error(err))
		return nil
	}
	return conn
}

// drop closes a connection that nobody waits for any more, if one is there.
func drop(fresh <-chan *roq.Conn) {
	select {
	case conn := <-fresh:
		if conn != nil {
			_ = conn.CloseWithError(roq.NoError, "the link has ended")
		}
	default:
	}
}
