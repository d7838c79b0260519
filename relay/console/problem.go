package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Problem is an answer that is an error (RFC 9457). Code is a stable word that pages
// translate; Detail is for people, in English.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
}

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
	codeTooMany     = "too-many-tries"
	codeUnknownFeed = "unknown-feed"
	codeWrongLogin  = "wrong-login"
)

// refuse answers with a problem.
func refuse(w http.ResponseWriter, status int, code, detail string) {
	p := Problem{
		Type: "/problems/" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code,
	}
	body, _ := json.Marshal(p) // strings and a number always can
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}

// refuseFor is refuse with a time after which to try again.
func refuseFor(w http.ResponseWriter, wait time.Duration, status int, code, detail string) {
	seconds := int((wait + time.Second - 1) / time.Second) // rounded up: earlier would fail again
	w.Header().Set("Retry-After", strconv.Itoa(max(1, seconds)))
	refuse(w, status, code, detail)
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
