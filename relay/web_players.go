package relay

import (
	"context"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/console"
)

// playersHere is a way to play in a browser, or to push from one.
type playersHere struct {
	open     func() error // its ports; nil: it has none
	run      func(ctx context.Context) error
	watching func() []console.Player // who watches now
}

// register puts the players in a browser on the pages' mux. Each of them is made here
// with w.console as its gate, registers on w.console.Mux(), has its viewers sent away
// by w.node.table.serve(players.Withdraw), and is added to w.players, which opens and
// runs it.
func (w *web) register() error {
	return nil
}

// watching lists who watches at this node, over RTSP first.
func (w *web) watching() []console.Player {
	list := []console.Player{}
	if server := w.node.players.Load(); server != nil {
		for _, p := range server.Players() {
			list = append(list, playerOf("rtsp", p.Feed, p.Remote, p.User, p.Since, &p.Video))
		}
	}
	for _, b := range w.players {
		list = append(list, b.watching()...)
	}
	return list
}

// playerOf puts somebody who watches into words; v is what was done for his picture.
func playerOf(kind string, feed media.FeedID, remote, user string, since time.Time, v *playout.Stats) console.Player {
	return console.Player{
		Feed: string(feed), Kind: kind, Remote: remote, User: user, Since: moment(since),
		Layer: v.Layer.String(), Frames: v.Frames, Dropped: v.Incomplete + v.Skipped + v.Slow,
	}
}
