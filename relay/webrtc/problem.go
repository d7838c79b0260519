package webrtc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/classrelay/classrelay/playout"
	"github.com/classrelay/classrelay/relay/rtsp"
)

// problem is the body of an answer that says what is wrong (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Code is the last part of Type, which the pages translate.
	Code string `json:"code"`
	// Codec is what the camera sends and the page cannot play.
	Codec string `json:"codec,omitempty"`
}

func newProblem(status int, code, title, detail string) *problem {
	return &problem{Type: "/problems/" + code, Title: title, Status: status, Detail: detail, Code: code}
}

// Error implements error: a problem can be handed up until it is written.
func (p *problem) Error() string { return p.Detail }

// write answers a request.
func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "3") // a page's own patience; a camera that reboots takes a minute
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a page that has gone needs no answer
}

// problemOf puts an error in a problem's shape.
func problemOf(err error) *problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, rtsp.ErrUnknownFeed):
		return newProblem(http.StatusNotFound, "unknown-feed", "No such feed", err.Error())
	case errors.Is(err, rtsp.ErrTaken):
		return newProblem(http.StatusConflict, "taken", "The name is taken", err.Error())
	case errors.Is(err, rtsp.ErrOffline), errors.Is(err, playout.ErrNoTracks),
		errors.Is(err, errShutdown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(http.StatusServiceUnavailable, "offline", "The feed is offline", err.Error())
	}
	return newProblem(http.StatusBadRequest, "bad-offer", "The offer cannot be answered", err.Error())
}
