package relay

import (
	"context"
	"time"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/lesson"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// openRTSP opens the server for players and pushers, if the configuration has one.
func (n *Node) openRTSP() (*rtsp.Server, error) {
	if n.cfg.Listen.RTSP == "" {
		return nil, nil //nolint:nilnil // no server is a normal case
	}
	cfg := rtsp.Config{
		Listen:    n.cfg.Listen.RTSP,
		Playout:   playout.Config{Delay: time.Duration(n.cfg.Playout.Delay)},
		Choice:    playout.ChooseNewest, // the link that brings the feed decides which layer it can carry
		ListenTCP: n.net.listen(),
	}
	if n.cfg.Listen.RTP != config.RTPOff {
		cfg.RTP = n.cfg.Listen.RTP
	}
	server, err := rtsp.New(cfg, n, n, n.log)
	if err != nil {
		return nil, err
	}
	n.table.serve(server.Dismiss)
	return server, server.Open()
}

// Watch implements rtsp.Watcher: a feed, or the programme of a class.
func (n *Node) Watch(ctx context.Context, id media.FeedID) (playout.Source, error) {
	if class, ok := lesson.IDOf(id); ok {
		return n.table.classes.watch(ctx, class)
	}
	return n.table.Watch(ctx, id)
}
