package webrtc

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/problem"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// patience is a page's own; a camera that reboots takes a minute.
const patience = 3 * time.Second

// problemOf puts an error in a problem's shape.
func problemOf(err error) *problem.Problem {
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, rtsp.ErrUnknownFeed):
		return problem.New(http.StatusNotFound, "unknown-feed", "No such feed", err.Error())
	case errors.Is(err, rtsp.ErrTaken):
		return problem.New(http.StatusConflict, "taken", "The name is taken", err.Error())
	case errors.Is(err, rtsp.ErrOffline), errors.Is(err, playout.ErrNoTracks),
		errors.Is(err, errShutdown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = problem.New(http.StatusServiceUnavailable, "offline", "The feed is offline", err.Error())
		p.RetryAfter = patience
		return p
	}
	return problem.New(http.StatusBadRequest, "bad-offer", "The offer cannot be answered", err.Error())
}
