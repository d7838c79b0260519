package relay

import (
	"context"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
	"github.com/classrelay/classrelay/relay/mse"
	"github.com/classrelay/classrelay/relay/webrtc"
)

// playersHere is a way to play in a browser, or to push from one.
type playersHere struct {
	open     func() error // its ports; nil: it has none
	run      func(ctx context.Context) error
	watching func() []console.Player // who watches now
}

// register puts the players in a browser on the pages' mux: each asks the console who
// may, and has its viewers sent away when their feed is taken out.
func (w *web) register() error {
	n := w.node
	how := playout.Config{Delay: time.Duration(n.cfg.Playout.Delay)}
	if n.cfg.Listen.WebRTC == config.WebRTCOff {
		webrtc.RegisterOff(w.console.Mux())
	} else if err := w.registerWebRTC(how); err != nil {
		return err
	}
	s := mse.New(mse.Config{Playout: how, Choice: playout.ChooseNewest}, n, w.console, n.log)
	s.Register(w.console.Mux())
	n.table.serve(s.Dismiss)
	w.players = append(w.players, playersHere{run: s.Run, watching: func() (list []console.Player) {
		for _, p := range s.Players() {
			shown := playout.Stats{Layer: p.Layer, Frames: p.Frames, Slow: p.Dropped}
			list = append(list, playerOf("mse", p.Feed, p.Remote.String(), p.User, p.Since, &shown))
		}
		return list
	}})
	return nil
}

func (w *web) registerWebRTC(how playout.Config) error {
	n := w.node
	s, err := webrtc.New(webrtc.Config{
		Listen:       n.cfg.Listen.WebRTC,
		Addresses:    n.cfg.Listen.Public,
		Playout:      how,
		Choice:       playout.ChooseNewest, // as over RTSP
		ListenPacket: n.net.listenPacket(),
		ListenTCP:    n.net.listen(),
	}, n, w.console, n.log)
	if err != nil {
		return err
	}
	s.Register(w.console.Mux())
	n.table.serve(s.Dismiss)
	w.players = append(w.players, playersHere{s.Open, s.Run, func() (list []console.Player) {
		for _, p := range s.Players() {
			list = append(list, playerOf("whep", p.Feed, p.Remote.String(), p.User, p.Since, &p.Video))
		}
		return list
	}})
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
