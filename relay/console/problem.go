package console

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/classrelay/classrelay/relay/problem"
)

// The codes of this package's problems.
const (
	codeBadClass    = "bad-class"
	codeBadRequest  = "bad-request"
	codeBusy        = "busy"
	codeCrossOrigin = "cross-origin"
	codeExpired     = "expired"
	codeForbidden   = "forbidden"
	codeLogin       = "login"
	codeMethod      = "method"
	codeNoKeyFrame  = "no-keyframe"
	codeNoSnapshot  = "no-snapshot"
	codeNotFound    = "not-found"
	codePlainLogin  = "plain-login"
	// Of the camera's own picture.
	codeSnapshotLogin  = "snapshot-login"
	codeSnapshotSilent = "snapshot-silent"
	codeSnapshotWrong  = "snapshot-wrong"

	codeTooMany     = "too-many-tries"
	codeUnknownFeed = "unknown-feed"
	codeUnknownName = "unknown-name"
	codeWrongLogin  = "wrong-login"
)

// refuse answers with a problem.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	refuseFor(w, 0, status, code, detail)
}

// refuseFor is refuse with a time after which to try again.
func refuseFor(w http.ResponseWriter, wait time.Duration, status int, code, detail string) {
	p := problem.New(status, code, http.StatusText(status), detail)
	p.RetryAfter = wait
	p.Write(w)
}

// answer sends a document.
func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil { // our own fault: a number that is none
		refuse(w, http.StatusInternalServerError, "internal", "the answer could not be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // a client that went away needs no answer
}
