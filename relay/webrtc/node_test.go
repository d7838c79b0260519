package webrtc

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/ingest"
	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/problem"
	"github.com/classrelay/classrelay/relay/rtsp"
)

var h264 = &media.Track{
	Codec: media.H264, PayloadType: 96, ClockRate: 90000, RTPMap: "H264/90000",
	FMTP: map[string]string{"packetization-mode": "1", "profile-level-id": "64001f"},
}

var (
	h265 = &media.Track{Codec: media.H265, PayloadType: 96, ClockRate: 90000, RTPMap: "H265/90000"}
	pcma = &media.Track{Codec: media.G711, PayloadType: 98, ClockRate: 8000, RTPMap: "PCMA/8000"}
	opus = &media.Track{Codec: media.Opus, PayloadType: 98, ClockRate: 48000, RTPMap: "opus/48000/2"}
	aac  = &media.Track{Codec: media.AAC, PayloadType: 98, ClockRate: 48000, RTPMap: "mpeg4-generic/48000/2"}
)

// hub is a node with a few feeds.
type hub struct {
	mu    sync.Mutex
	feeds map[media.FeedID]*fanout.Feed
	held  map[media.FeedID]string
	push  *ingest.Push // the last one
	asked int          // requests for key frames
	wants func(media.Layer)
}

func newHub() *hub {
	return &hub{feeds: make(map[media.FeedID]*fanout.Feed), held: make(map[media.FeedID]string)}
}

// feed makes a feed known, with tracks of the layers main, sub and audio.
func (h *hub) feed(id media.FeedID, tracks ...*media.Track) *fanout.Feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.feeds[id] == nil {
		h.feeds[id] = fanout.NewFeed(id)
	}
	for l, t := range tracks {
		if t != nil {
			h.feeds[id].SetTrack(media.Layer(l), t)
		}
	}
	return h.feeds[id]
}

// seen is a feed as a viewer sees it.
type seen struct {
	*fanout.Feed
	hub *hub
}

func (s seen) Subscribe(l media.Layer, wake chan<- struct{}) playout.Subscription {
	s.hub.mu.Lock()
	wants := s.hub.wants
	s.hub.mu.Unlock()
	if wants != nil {
		wants(l)
	}
	return s.Feed.Subscribe(l, wake)
}

func (s seen) RequestKeyFrame(media.Layer) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.asked++
	if s.hub.push != nil {
		s.hub.push.RequestKeyFrame()
	}
}

func (h *hub) Watch(ctx context.Context, id media.FeedID) (playout.Source, error) {
	h.mu.Lock()
	f := h.feeds[id]
	h.mu.Unlock()
	if f == nil {
		return nil, fmt.Errorf("feed %s: %w", id, rtsp.ErrUnknownFeed)
	}
	for f.Tracks() == [media.NumLayers]*media.Track{} {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("feed %s: %w: nothing came", id, rtsp.ErrOffline)
		}
	}
	return seen{f, h}, nil
}

func (h *hub) Publish(p rtsp.Pushed) (*ingest.Push, func(), error) {
	f := h.feed(p.Feed)
	h.mu.Lock()
	defer h.mu.Unlock()
	if by := h.held[p.Feed]; by != "" {
		return nil, nil, fmt.Errorf("feed %s: %w by %s", p.Feed, rtsp.ErrTaken, by)
	}
	push, err := ingest.NewPush(ingest.PushConfig{Feed: p.Feed, Layer: p.Layer}, p.Desc, f, zap.NewNop())
	if err != nil {
		return nil, nil, err
	}
	h.held[p.Feed], h.push = p.Remote, push
	return push, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.held, p.Feed)
	}, nil
}

func (h *hub) pushedBy(id media.FeedID) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held[id]
}

func (h *hub) keyFramesAsked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// open lets everybody in, except to feeds called "closed".
type open struct{}

func (open) Pass(w http.ResponseWriter, _ *http.Request, feed media.FeedID, _ access.Action) (string, bool) {
	if feed == "closed" {
		problem.New(http.StatusForbidden, "forbidden", "Forbidden", "not for you").Write(w)
		return "", false
	}
	return "ms-li", true
}

// camera writes frames of three packets into a feed every 40 ms, each 25th a key
// frame, as if captured 5 ms before, and a packet of sound with each.
type camera struct {
	t     *testing.T
	feed  *fanout.Feed
	layer media.Layer
	sound *media.Track
	seq   uint16
	made  int
	fill  int // bytes added to each packet
}

func (c *camera) film(frames int) {
	c.t.Helper()
	for range frames {
		capture := time.Now().Add(-5 * time.Millisecond)
		const packets = 3
		for i, payload := range mediatest.Frame(c.made%25 == 0, packets) {
			c.write(payload, i == packets-1, capture)
		}
		if c.sound != nil {
			c.put(media.LayerAudio, c.sound, uint16(c.made), capture, true, make([]byte, 320))
		}
		c.made++
		time.Sleep(40 * time.Millisecond)
	}
}

func (c *camera) write(payload []byte, marker bool, capture time.Time) {
	c.t.Helper()
	c.put(c.layer, h264, c.seq, capture, marker, append(payload, make([]byte, c.fill)...))
	c.seq++
}

func (c *camera) put(l media.Layer, t *media.Track, seq uint16, capture time.Time, marker bool, payload []byte) {
	c.t.Helper()
	c.feed.WritePacket(mediatest.Packet(c.t, l, t.Codec, time.Now(), capture, &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, PayloadType: t.PayloadType, SequenceNumber: seq,
			Timestamp: uint32(capture.UnixMicro() * int64(t.ClockRate) / 1e6), SSRC: uint32(l) + 7,
		},
		Payload: payload,
	}))
}
