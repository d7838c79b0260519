package mse

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/problem"
)

// refusal is why somebody is not served, for HTTP and for a WebSocket.
type refusal struct {
	status int
	close  websocket.StatusCode
	code   string // the stable word that pages translate
	detail string
}

// turnAway tells a page by a closing code and others by problem+json (RFC 9457).
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, f refusal) {
	s.log.Info("MSE request refused", zap.String("path", r.URL.Path), zap.Stringer("remote", access.RemoteOf(r)),
		zap.Int("status", f.status), zap.String("reason", f.code))
	if !fromPage(r) {
		f.write(w)
		return
	}
	conn, err := accept(w, r)
	if err != nil {
		return // accept has answered
	}
	conn.end(closing{f.close, f.code})
}

func (f refusal) write(w http.ResponseWriter) {
	problem.New(f.status, f.code, http.StatusText(f.status), f.detail).Write(w)
}

// fromPage tells whether a script in a browser wants a WebSocket: browsers always send
// an Origin (RFC 6455 §4.1).
func fromPage(r *http.Request) bool {
	return r.Header.Get("Origin") != "" && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// answer keeps what a gate answers, to be given or told in another way. Its header is
// the real one.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write keeps the body.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// refusal reads the answer.
func (a *answer) refusal() refusal {
	var said problem.Problem
	f := refusal{status: a.status, close: CodeForbidden, code: "forbidden"}
	if a.status == http.StatusUnauthorized {
		f.close, f.code = CodeLogin, "login"
	}
	const longest = 64 // of a word; a close frame holds 123 bytes
	if err := json.Unmarshal(a.body.Bytes(), &said); err == nil && said.Code != "" && len(said.Code) <= longest {
		f.code, f.detail = said.Code, said.Detail
	}
	return f
}
