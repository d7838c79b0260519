package webrtc

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/problem"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// sdpType is the media type of offers and answers (RFC 8866 §8.2).
const sdpType = "application/sdp"

// Register adds the endpoints to a mux.
func (s *Server) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /whep/{feed...}", s.serve(access.Watch, s.watch))
	mux.HandleFunc("POST /whip/{feed...}", s.serve(access.Push, s.publish))
	for _, path := range []string{"/whep/{feed...}", "/whip/{feed...}"} {
		mux.HandleFunc("OPTIONS "+path, options)
		mux.HandleFunc(path, notAllowed("OPTIONS, POST"))
	}
	for _, path := range []string{"/whep-session/{id}", "/whip-session/{id}"} {
		mux.HandleFunc("DELETE "+path, s.remove)
		// PATCH would bring the page's candidates (RFC 8840), which an ICE-lite node
		// has no use for: it learns them from the page's checks.
		mux.HandleFunc(path, notAllowed("DELETE"))
	}
}

// RegisterOff adds to a mux what a node answers that has WebRTC switched off: pages then
// know that it is the node, and play in another way.
func RegisterOff(mux *http.ServeMux) {
	off := func(w http.ResponseWriter, _ *http.Request) {
		problem.New(http.StatusNotFound, "webrtc-off", "No WebRTC", "listen.webrtc is off at this node").Write(w)
	}
	mux.HandleFunc("/whep/{feed...}", off)
	mux.HandleFunc("/whip/{feed...}", off)
}

// request is one offer that passed the gate.
type request struct {
	*http.Request
	who   visitor
	feed  media.FeedID
	layer *media.Layer // of ?layer=, nil without one
	offer *offer
}

// begun is a session that has an answer for its page.
type begun struct {
	location string
	answer   string
	warnings []string
}

// serve does what both ways have in common.
func (s *Server) serve(what access.Action, begin func(context.Context, *request) (*begun, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		feed, err := media.ParseFeedID(r.PathValue("feed"))
		if err != nil {
			problem.New(http.StatusNotFound, "unknown-feed", "No such feed", err.Error()).Write(w)
			return
		}
		user, ok := s.gate.Pass(w, r, feed, what)
		if !ok {
			return
		}
		q := &request{Request: r, who: visitor{access.RemoteOf(r), user}, feed: feed, layer: layerOf(r)}
		if q.offer, err = body(w, r); err != nil {
			s.refuse(w, q, what, err)
			return
		}
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		defer context.AfterFunc(s.serving, func() { cancel(errShutdown) })()
		b, err := begin(ctx, q)
		if err != nil {
			s.refuse(w, q, what, err)
			return
		}
		b.write(w)
	}
}

// refuse answers with what is wrong, and logs it.
func (s *Server) refuse(w http.ResponseWriter, q *request, what access.Action, err error) {
	p := problemOf(err)
	s.log.Info("WebRTC request refused", zap.Stringer("to", what), zap.String("feed", string(q.feed)),
		zap.Stringer("remote", q.who), zap.Int("status", p.Status), zap.String("reason", p.Detail))
	p.Write(w)
}

// write answers 201 as WHIP and WHEP ask.
func (b *begun) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", sdpType)
	h.Set("Location", b.location)
	h.Set("ETag", `"1"`) // of the ICE session: there is one and it is never restarted
	h.Set("Cache-Control", "no-store")
	for _, line := range b.warnings {
		h.Add("X-Classrelay-Warning", line)
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, b.answer) // a page that has gone does not connect
}

// watch begins a player.
func (s *Server) watch(ctx context.Context, q *request) (*begun, error) {
	src, err := s.source(ctx, q.feed)
	if err != nil {
		return nil, err
	}
	offer, err := pick(ctx, src, s.choice(q), q.offer)
	if err != nil {
		return nil, err
	}
	p, err := s.newPlayer(q.who, offer)
	if err != nil {
		return nil, err
	}
	answer, err := p.answer(ctx, q.offer)
	if err != nil || !s.begin(p.id, p, func() { p.run() }) {
		p.close()
		return nil, errors.Join(err, context.Cause(s.serving))
	}
	return &begun{"/whep-session/" + p.id, s.arranged(answer, q), offer.warnings}, nil
}

// source waits until a feed is there.
func (s *Server) source(ctx context.Context, feed media.FeedID) (playout.Source, error) {
	ctx, cancel := context.WithTimeout(ctx, watchWait)
	defer cancel()
	return s.node.Watch(ctx, feed)
}

// choice reads which layer a page wants.
func (s *Server) choice(q *request) playout.Choice {
	switch {
	case q.layer == nil:
		return s.cfg.Choice
	case *q.layer == media.LayerSub:
		return playout.ChooseSub
	}
	return playout.ChooseMain
}

// publish begins a pusher.
func (s *Server) publish(ctx context.Context, q *request) (*begun, error) {
	video, audio := chosen(q.offer)
	if video == nil && audio == nil {
		return nil, problem.New(http.StatusNotAcceptable, "codec", "This browser sends nothing that can be carried",
			"the offer has neither H.264 nor H.265, Opus or G.711")
	}
	p, err := s.newPusher(video, audio)
	if err != nil {
		return nil, err
	}
	answer, err := p.answer(ctx, q.offer)
	if err != nil {
		p.close()
		return nil, err
	}
	layer := media.LayerMain
	if q.layer != nil {
		layer = *q.layer
	}
	p.push, p.release, err = s.node.Publish(rtsp.Pushed{
		Feed: q.feed, Layer: layer, Remote: q.who.String(), Desc: p.desc,
	})
	if err != nil {
		p.close()
		return nil, err
	}
	p.log = s.log.With(zap.String("feed", string(q.feed)), zap.Stringer("layer", layer), zap.Stringer("remote", q.who))
	if !s.begin(p.id, p, func() { p.run() }) {
		p.close()
		p.release()
		return nil, context.Cause(s.serving)
	}
	return &begun{location: "/whip-session/" + p.id, answer: s.arranged(answer, q)}, nil
}

// chosen are the formats we take from a page: those that most schools can play.
func chosen(o *offer) (video, audio *codec) {
	if c, ok := firstOf(o.video, "H264", "H265"); ok {
		video = &c
	}
	if c, ok := firstOf(o.audio, "OPUS", "PCMA", "PCMU"); ok {
		audio = &c
	}
	return video, audio
}

// arranged puts the candidates of an answer in the best order for a page.
func (s *Server) arranged(answer string, q *request) string {
	var here netip.Addr
	if a, ok := q.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if at, err := netip.ParseAddrPort(a.String()); err == nil {
			here = at.Addr().Unmap()
		}
	}
	return arrange(answer, here, q.who.remote, s.cfg.Addresses)
}

// remove ends a session. Who knows its name may.
func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	one := s.sessions[r.PathValue("id")]
	s.mu.Unlock()
	if one == nil {
		problem.New(http.StatusNotFound, "unknown-session", "No such session", "the session has ended").Write(w)
		return
	}
	one.end(errDeleted)
	w.WriteHeader(http.StatusOK)
}

// body reads the offer.
func body(w http.ResponseWriter, r *http.Request) (*offer, error) {
	if typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || typ != sdpType {
		return nil, problem.New(http.StatusUnsupportedMediaType, "bad-offer", "Not an offer",
			"the body must be an offer of type "+sdpType)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOffer))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, problem.New(http.StatusRequestEntityTooLarge, "bad-offer", "The offer is too large",
			"an offer has at most 64 kB")
	}
	if err != nil {
		return nil, err
	}
	return readOffer(string(text))
}

func options(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "OPTIONS, POST")
	w.Header().Set("Accept-Post", sdpType)
	w.WriteHeader(http.StatusNoContent)
}

func notAllowed(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		problem.New(http.StatusMethodNotAllowed, "method", "Method not allowed",
			r.Method+" does nothing here; what does: "+allow).Write(w)
	}
}

// layerOf reads ?layer=main or ?layer=sub.
func layerOf(r *http.Request) *media.Layer {
	l, err := media.ParseLayer(r.URL.Query().Get("layer"))
	if err != nil || !l.IsVideo() {
		return nil
	}
	return &l
}
