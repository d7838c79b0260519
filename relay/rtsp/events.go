package rtsp

import (
	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"

	"github.com/classrelay/classrelay/relay/access"
)

// events is what gortsplib calls. What belongs to one connection is called one
// after the other, and so is what belongs to one session.
type events struct{ *Server }

// conn is what we keep for one connection.
type conn struct {
	nonce string
	offer *offered // what the last DESCRIBE answered, for the SETUP that follows
}

// OnConnOpen prepares a connection.
func (e *events) OnConnOpen(c *gortsplib.ServerHandlerOnConnOpenCtx) {
	c.Conn.SetUserData(&conn{nonce: access.NewNonce()})
}

// OnDescribe tells a player what a feed is made of.
func (e *events) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (
	*base.Response, *gortsplib.ServerStream, error,
) {
	offer, refusal := e.describe(request{c.Conn, c.Request, c.Path, c.Query})
	if refusal != nil {
		return refusal, nil, nil
	}
	body, err := offer.Desc.Marshal(false)
	if err != nil {
		return e.broken(c.Path, err), nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK, Body: body}, nil, nil
}

// OnAnnounce gives a pusher a place.
func (e *events) OnAnnounce(c *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	return e.announce(c.Session, request{c.Conn, c.Request, c.Path, c.Query}, c.Description), nil
}

// OnSetup prepares one track, of a player or a pusher.
func (e *events) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if _, ok := c.Session.UserData().(*pusher); ok {
		return &base.Response{StatusCode: base.StatusOK}, nil, nil
	}
	stream, refusal := e.setup(c.Session, request{c.Conn, c.Request, c.Path, c.Query})
	if refusal != nil {
		return refusal, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, stream, nil
}

// OnPlay starts or resumes a player.
func (e *events) OnPlay(c *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	if p, ok := c.Session.UserData().(*player); ok {
		p.play(c.Session)
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnPause holds a player; what happens meanwhile passes by.
func (e *events) OnPause(c *gortsplib.ServerHandlerOnPauseCtx) (*base.Response, error) {
	p, ok := c.Session.UserData().(*player)
	if !ok {
		return &base.Response{StatusCode: base.StatusMethodNotAllowed}, nil
	}
	p.pause()
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnRecord starts a pusher.
func (e *events) OnRecord(c *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	p, ok := c.Session.UserData().(*pusher)
	if !ok {
		return &base.Response{StatusCode: base.StatusBadRequest}, nil
	}
	return p.record(c.Session), nil
}

// OnSessionClose ends a player or pusher.
func (e *events) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	switch x := c.Session.UserData().(type) {
	case *player:
		x.close(c.Error)
	case *pusher:
		x.close(c.Error)
	}
}

// OnDecodeError would be logged by gortsplib for each packet; ingest counts what
// it cannot read.
func (e *events) OnDecodeError(*gortsplib.ServerHandlerOnDecodeErrorCtx) {}

// OnPacketsLost: ingest counts what a pusher loses.
func (e *events) OnPacketsLost(*gortsplib.ServerHandlerOnPacketsLostCtx) {}
