package webrtc

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
)

// steering lets a leg steer a page's viewer. It numbers what leaves for the page, hands
// the page's feedback to the leg, sends the padding of its probes, and tells the viewer
// what the leg decides. As an interceptor it is the last one on the way out, so that
// retransmissions are numbered, too. Its methods may be called from any goroutine.
//
// A page that takes no transport-wide numbers gives no feedback; its leg then decides
// nothing, and it gets what the feed's own choice says.
type steering struct {
	interceptor.NoOp
	source playout.Source
	viewer *playout.Viewer
	log    *zap.Logger
	wake   chan struct{} // a probe has begun; capacity 1: a second signal says nothing new

	mu      sync.Mutex
	leg     *leg
	wanted  media.Layer // as the viewer was told
	padding *resending  // nil: the page takes no retransmissions, and probes are trials
}

func newSteering(source playout.Source, viewer *playout.Viewer, log *zap.Logger) *steering {
	return &steering{
		source: source, viewer: viewer, log: log, wake: make(chan struct{}, 1),
		leg: newLeg(rand.Uint64()), //nolint:gosec // it only spreads the times of probes
	}
}

// NewInterceptor implements interceptor.Factory: a steering is for one connection.
func (s *steering) NewInterceptor(string) (interceptor.Interceptor, error) { return s, nil }

// BindLocalStream implements interceptor.Interceptor.
func (s *steering) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	i := slices.IndexFunc(info.RTPHeaderExtensions, func(x interceptor.RTPHeaderExtension) bool {
		return x.URI == transportCC
	})
	if i < 0 {
		return w
	}
	n := &numbering{steer: s, next: w, id: uint8(info.RTPHeaderExtensions[i].ID)} //nolint:gosec // RFC 8285: to 255
	if info.SSRCRetransmission == 0 || info.PayloadTypeRetransmission == 0 {
		return n
	}
	r := &resending{
		next: n, ssrc: info.SSRC, again: info.SSRCRetransmission, payload: info.PayloadTypeRetransmission,
	}
	s.mu.Lock()
	s.padding = r
	s.mu.Unlock()
	return r
}

// leave numbers a packet.
func (s *steering) leave(now time.Time, size int) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leg.leave(now, size)
}

// show notes which layer leaves from now on.
func (s *steering) show(l media.Layer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leg.show(time.Now(), l)
}

// feedback takes a packet of feedback. One that makes no sense is left out: it comes
// from a page that harms itself.
func (s *steering) feedback(now time.Time, raw []byte) {
	rates := layers(s.viewer.Stats().Rates)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.leg.feedback(now, raw, rates); err != nil {
		s.log.Debug("feedback of a page is not understood", zap.Error(err))
		return
	}
	s.obey()
	if s.leg.probing(now) {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// obey tells the viewer what the leg has decided. With mu held.
func (s *steering) obey() {
	s.viewer.SetPace(s.leg.pace())
	l := s.leg.layer()
	if l == s.wanted || l == media.LayerSub && s.source.Tracks()[l] == nil {
		return
	}
	s.wanted = l
	s.viewer.Prefer(l)
	s.log.Info("a page's picture changes", zap.Stringer("layer", l), zap.String("why", s.leg.verdict.Why))
}

// run sends padding while a probe runs, and looks after feedback that does not come,
// until ctx is done.
func (s *steering) run(ctx context.Context) {
	t := time.NewTimer(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-s.wake:
		case <-t.C:
		case <-ctx.Done():
			return
		}
		t.Reset(s.step(time.Now()))
	}
}

// step does what is due and says when there will be something again.
func (s *steering) step(now time.Time) time.Duration {
	rates := layers(s.viewer.Stats().Rates)
	s.mu.Lock()
	s.leg.look(now, rates)
	if s.leg.known() {
		s.obey()
	}
	probing, need, padding := s.leg.probing(now), 0, s.padding
	if probing {
		need = s.leg.padding(now)
	}
	s.mu.Unlock()
	if !probing {
		return lookEvery
	}
	if padding != nil {
		padding.pad(need)
	}
	return padEvery
}
