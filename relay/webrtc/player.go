package webrtc

import (
	"net/netip"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtcp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// player is one page that watches a feed.
type player struct {
	*peer
	who    visitor
	since  time.Time
	offer  *picked
	viewer *playout.Viewer
	steer  *steering // nil: there is one layer only
	out    *outbox
	medias []*description.Media
	log    *zap.Logger
	runs   sync.WaitGroup
}

// newPlayer prepares a page's connection for what was picked.
func (s *Server) newPlayer(who visitor, offer *picked) (*player, error) {
	p := &player{
		who: who, since: time.Now(), offer: offer, out: newOutbox(),
		log: s.log.With(zap.String("feed", string(offer.Source.ID())), zap.String("remote", who.remote.String())),
	}
	p.viewer = playout.NewViewer(s.cfg.Playout, offer.Offer, p.log)
	if offer.video != nil && len(offer.Layers()) > 1 {
		p.steer = newSteering(offer.Source, p.viewer, p.log)
		p.out.shown = p.showing
	}
	var err error
	if p.peer, err = s.newPeer(offer.video, offer.audio, written(p.steer != nil), p.steer); err != nil {
		return nil, err
	}
	err = p.add(s, offer.picture, pion.RTPCodecTypeVideo, offer.video)
	if err == nil {
		err = p.add(s, offer.sound, pion.RTPCodecTypeAudio, offer.audio)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// add prepares a track for a medium of the offer, if it is one the page gets.
func (p *player) add(s *Server, m *description.Media, kind pion.RTPCodecType, c *codec) error {
	if c == nil {
		return nil
	}
	t := newTrack(kind, *c, s.cfg.Buffer)
	if _, err := p.pc.AddTrack(t); err != nil {
		return err
	}
	p.out.tracks[m] = t
	p.medias = append(p.medias, m)
	return nil
}

// run plays until the session ends, and ends all that belongs to it.
func (p *player) run() {
	if p.connects() {
		p.play()
	}
	p.close()
	p.runs.Wait()
	st := p.viewer.Stats()
	p.log.Info("player leaves", zap.String("kind", "whep"), zap.NamedError("reason", p.reason()),
		zap.Uint64("frames", st.Video.Frames), zap.Uint64("slow", st.Video.Slow),
		zap.Uint64("skipped", st.Video.Skipped+st.Video.Incomplete), zap.Uint64("failed", p.out.failed.Load()))
}

// play sends until the session ends or the viewer cannot go on.
func (p *player) play() {
	p.log.Info("player starts", zap.String("kind", "whep"), zap.String("user", p.who.user),
		zap.String("transport", p.transport()), zap.Strings("warnings", p.offer.warnings))
	p.runs.Go(func() { p.out.run(p.ctx, p.pc) }) // ends with the session
	for _, s := range p.pc.GetSenders() {
		p.runs.Go(func() { p.listen(s) }) // ends by close, with the connection
	}
	if p.steer != nil {
		p.runs.Go(func() { p.steer.run(p.ctx) }) // ends with the session
	}
	err := p.viewer.Run(p.ctx, playout.Session{Writer: p.out, Medias: p.medias, Paced: true})
	if err != nil {
		p.cancel(err)
	}
}

// showing tells the steering which layer a packet of the picture belongs to, which the
// viewer is about to send.
func (p *player) showing() {
	if l, ok := p.viewer.Showing(); ok {
		p.steer.show(l)
	}
}

// listen reads what the page reports of one track. pion answers requests for packets
// by itself while this reads.
func (p *player) listen(s *pion.RTPSender) {
	for {
		packets, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, r := range packets {
			switch r.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.viewer.Refresh()
			}
		}
	}
}

// transport is "udp" or "tcp".
func (p *player) transport() string {
	for _, s := range p.pc.GetSenders() {
		if dtls := s.Transport(); dtls != nil {
			if pair, err := dtls.ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
				return pair.Local.Protocol.String()
			}
		}
	}
	return ""
}

// PlayerStats is what one page got.
type PlayerStats struct {
	Feed   media.FeedID
	Remote netip.Addr
	User   string // empty where no login was needed
	Since  time.Time
	playout.ViewerStats
}

func (p *player) stats() PlayerStats {
	return PlayerStats{
		Feed: p.offer.Source.ID(), Remote: p.who.remote, User: p.who.user, Since: p.since,
		ViewerStats: p.viewer.Stats(),
	}
}
