package webrtc

import (
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/ingest"
)

const (
	// pictureWait is how long a hole in the picture may be repaired: three rounds of
	// asking over a line of 30 ms.
	pictureWait = 120 * time.Millisecond
	// soundWait is the same for sound, which is not sent again: packets that merely
	// changed places are there within one packet's length.
	soundWait = 30 * time.Millisecond
)

// pusher is one page that publishes. It is the ingest.Session of its push.
type pusher struct {
	*peer
	desc   *description.Session
	tracks chan received
	log    *zap.Logger
	runs   sync.WaitGroup

	push    *ingest.Push
	release func()
	// Set by Attach before the readers begin.
	onRTP  map[*description.Media]gortsplib.OnPacketRTPFunc
	onRTCP map[*description.Media]gortsplib.OnPacketRTCPFunc
}

// received is a track that has begun to come.
type received struct {
	track    *pion.TrackRemote
	receiver *pion.RTPReceiver
}

// maxTracks is how many tracks of one page are read: a picture and a sound.
const maxTracks = 2

// newPusher prepares a page's connection for the formats chosen from its offer.
func (s *Server) newPusher(video, audio *codec) (*pusher, error) {
	link, err := s.newPeer(video, audio, nil, nil)
	if err != nil {
		return nil, err
	}
	p := &pusher{
		peer: link, desc: &description.Session{}, tracks: make(chan received, maxTracks),
		onRTP:  make(map[*description.Media]gortsplib.OnPacketRTPFunc),
		onRTCP: make(map[*description.Media]gortsplib.OnPacketRTCPFunc),
	}
	p.announce(description.MediaTypeVideo, video)
	p.announce(description.MediaTypeAudio, audio)
	p.pc.OnTrack(func(t *pion.TrackRemote, r *pion.RTPReceiver) {
		select {
		case p.tracks <- received{t, r}:
		default: // more tracks than a feed has: nobody reads them
		}
	})
	return p, nil
}

// announce describes what comes as a recording room would.
func (p *pusher) announce(typ description.MediaType, c *codec) {
	if c == nil {
		return
	}
	p.desc.Medias = append(p.desc.Medias, &description.Media{Type: typ, Formats: []format.Format{formatOf(c)}})
}

// formatOf puts a format in gortsplib's words. Parameter sets come in band.
func formatOf(c *codec) format.Format {
	switch c.name {
	case "H264":
		return &format.H264{PayloadTyp: uint8(c.payload), PacketizationMode: 1}
	case "H265":
		return &format.H265{PayloadTyp: uint8(c.payload)}
	case "OPUS":
		return &format.Opus{PayloadTyp: uint8(c.payload), ChannelCount: 2}
	}
	return &format.G711{PayloadTyp: uint8(c.payload), MULaw: c.name == "PCMU", SampleRate: 8000, ChannelCount: 1}
}

// run takes what the page sends until the session ends, and gives the place back. A
// page that never connects takes nothing away from who pushed before.
func (p *pusher) run() {
	if p.connects() {
		p.take()
	}
	p.close()
	p.push.Close()
	p.runs.Wait()
	p.release()
	p.log.Info("push ends", zap.String("kind", "whip"), zap.NamedError("reason", p.reason()))
}

// take lets the packets flow until the session ends.
func (p *pusher) take() {
	if err := p.push.Attach(p); err != nil {
		p.cancel(err)
		return
	}
	p.log.Info("push starts", zap.String("kind", "whip"))
	p.runs.Go(func() { // ends with the session, or because the page is silent or was replaced
		if err := p.push.Run(p.ctx); err != nil {
			p.log.Info("pusher sent away", zap.Error(err))
		}
		p.cancel(errLeft)
	})
	for {
		select {
		case r := <-p.tracks:
			p.runs.Go(func() { p.read(r) })    // ends by close, with the connection
			p.runs.Go(func() { p.reports(r) }) // likewise
		case <-p.ctx.Done():
			return
		}
	}
}

// media finds what was announced for a track; nil: nothing.
func (p *pusher) media(r received) *description.Media {
	for _, m := range p.desc.Medias {
		if string(m.Type) == r.track.Kind().String() {
			return m
		}
	}
	return nil
}

// read takes the packets of one track.
func (p *pusher) read(r received) {
	call := p.onRTP[p.media(r)]
	if call == nil {
		return
	}
	order := &reorder{wait: soundWait}
	if r.track.Kind() == pion.RTPCodecTypeVideo {
		order.wait = pictureWait
	}
	for {
		packet, _, err := r.track.ReadRTP()
		if err != nil {
			return
		}
		for _, ordered := range order.push(time.Now(), packet) {
			call(ordered)
		}
	}
}

// reports takes the page's sender reports, which relate its sound to its picture.
func (p *pusher) reports(r received) {
	call := p.onRTCP[p.media(r)]
	for {
		packets, _, err := r.receiver.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if call != nil {
				call(packet)
			}
		}
	}
}

// SetuppedMedias implements ingest.Session.
func (p *pusher) SetuppedMedias() []*description.Media { return p.desc.Medias }

// OnPacketRTP implements ingest.Session.
func (p *pusher) OnPacketRTP(m *description.Media, _ format.Format, call gortsplib.OnPacketRTPFunc) {
	p.onRTP[m] = call
}

// OnPacketRTCP implements ingest.Session.
func (p *pusher) OnPacketRTCP(m *description.Media, call gortsplib.OnPacketRTCPFunc) {
	p.onRTCP[m] = call
}

// WritePacketRTCP implements ingest.Session.
func (p *pusher) WritePacketRTCP(_ *description.Media, packet rtcp.Packet) error {
	return p.pc.WriteRTCP([]rtcp.Packet{packet})
}
