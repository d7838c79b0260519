// Package problem is how a node's web servers say what is wrong: JSON in the shape of
// RFC 9457, with a code that the pages translate.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Problem is an answer that is an error.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"` // for people, in English
	// Code is a stable word, the last part of Type.
	Code string `json:"code"`
	// Codec is what the camera sends and the page cannot play; empty: it is not about that.
	Codec string `json:"codec,omitempty"`

	// RetryAfter is when another try may succeed; zero: nobody knows.
	RetryAfter time.Duration `json:"-"`
}

// New makes a problem.
func New(status int, code, title, detail string) *Problem {
	return &Problem{Type: "/problems/" + code, Title: title, Status: status, Detail: detail, Code: code}
}

// Error implements error: a problem can be handed up until it is written.
func (p *Problem) Error() string { return p.Detail }

// Write answers a request.
func (p *Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		seconds := int((p.RetryAfter + time.Second - 1) / time.Second) // rounded up: earlier would fail again
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	body, _ := json.Marshal(p) // strings and a number always can
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
