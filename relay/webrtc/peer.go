package webrtc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	pion "github.com/pion/webrtc/v4"
)

// Why a session ends, for the log.
var (
	errLeft      = errors.New("the page has gone")
	errLost      = errors.New("the page is not heard from any more")
	errLate      = errors.New("the page did not connect: is the port for media open, UDP or TCP?")
	errDeleted   = errors.New("the page ended it")
	errWithdrawn = errors.New("the feed was taken out of the configuration")
	errShutdown  = errors.New("the node stops")
)

// peer is the connection to one page, with what players and pushers have in common.
type peer struct {
	id        string
	pc        *pion.PeerConnection
	connected chan struct{} // closed when media can flow

	ctx    context.Context // done when the session ends; its cause says why
	cancel context.CancelCauseFunc
}

// newPeer prepares a connection; without a steering it carries what it is given.
func (s *Server) newPeer(video, audio *codec, ext []extension, steer *steering) (*peer, error) {
	api, err := s.engine(video, audio, ext, steer)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		return nil, err
	}
	p := &peer{id: newID(), pc: pc, connected: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(s.serving)
	var once sync.Once
	pc.OnConnectionStateChange(func(state pion.PeerConnectionState) {
		switch state {
		case pion.PeerConnectionStateConnected:
			once.Do(func() { close(p.connected) })
		case pion.PeerConnectionStateFailed:
			p.cancel(errLost)
		case pion.PeerConnectionStateClosed:
			p.cancel(errLeft)
		default: // a page that is doubted may come back
		}
	})
	return p, nil
}

// newID names a session. Who knows the name may end it, so it is 128 bits nobody can
// guess.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// answer makes the answer to an offer, with all candidates in it.
func (p *peer) answer(ctx context.Context, o *offer) (string, error) {
	remote := pion.SessionDescription{Type: pion.SDPTypeOffer, SDP: o.sdp}
	if err := p.pc.SetRemoteDescription(remote); err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	gathered := pion.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", errOffer, err)
	}
	select {
	case <-gathered: // the machine's own addresses: at once
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// connects waits until media can flow; false: the session is over.
func (p *peer) connects() bool {
	t := time.NewTimer(connectWait)
	defer t.Stop()
	select {
	case <-p.connected:
		return true
	case <-t.C:
		p.cancel(errLate)
	case <-p.ctx.Done():
	}
	return false
}

// close tells the page, and returns when pion's goroutines for it have ended.
func (p *peer) close() {
	p.cancel(errLeft)
	_ = p.pc.GracefulClose() // there is nobody left to tell
}

// reason is why the session ended; nil where that needs no word.
func (p *peer) reason() error {
	err := context.Cause(p.ctx)
	if errors.Is(err, errLeft) || errors.Is(err, errDeleted) || errors.Is(err, errShutdown) {
		return nil
	}
	return err
}

// visitor is who is at the other end of a session.
type visitor struct {
	remote netip.Addr // the page's address, as HTTP has it
	user   string     // empty where no login was needed
}

// String names the visitor in messages and to other visitors.
func (v visitor) String() string {
	if v.user == "" {
		return v.remote.String()
	}
	return v.user + " at " + v.remote.String()
}
