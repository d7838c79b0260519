package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/classrelay/classrelay/relay/access"
)

const (
	// sessionLasts is a school day with its evening: who logged in at seven need not
	// do it again before seven.
	sessionLasts = 12 * time.Hour
	// sessionsMost bounds the memory of those who log in again and again; beyond it
	// the one that would end first does.
	sessionsMost = 1024
)

// session is somebody who has logged in.
type session struct {
	user  string
	stamp access.Stamp // of the password then
	until time.Time
}

// sessions are kept under the hash of their token, so that neither a look at this
// memory nor the time of a look-up tells one. It is a core: it is told the time, and
// belongs to whoever holds the server's lock. The zero value is ready for use.
type sessions struct {
	open map[[32]byte]session
}

// newToken makes the secret of a session: 128 random bits in hexadecimal.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// begin opens a session.
func (s *sessions) begin(now time.Time, token, user string, stamp access.Stamp) {
	if s.open == nil {
		s.open = make(map[[32]byte]session)
	}
	s.open[sha256.Sum256([]byte(token))] = session{user: user, stamp: stamp, until: now.Add(sessionLasts)}
	if len(s.open) > sessionsMost {
		s.shrink(now)
	}
}

// user finds who has logged in with a token; ok is false when its time is over.
func (s *sessions) user(now time.Time, token string) (user string, stamp access.Stamp, ok bool) {
	key := sha256.Sum256([]byte(token))
	found, ok := s.open[key]
	if ok && !now.Before(found.until) {
		delete(s.open, key)
		return "", stamp, false
	}
	return found.user, found.stamp, ok
}

// end closes a session; one that is not open may be ended, too.
func (s *sessions) end(token string) { delete(s.open, sha256.Sum256([]byte(token))) }

// shrink drops what is over, or else what ends first.
func (s *sessions) shrink(now time.Time) {
	var first [32]byte
	var least time.Time
	for key, o := range s.open {
		if !now.Before(o.until) {
			delete(s.open, key)
			continue
		}
		if least.IsZero() || o.until.Before(least) {
			first, least = key, o.until
		}
	}
	if len(s.open) > sessionsMost {
		delete(s.open, first)
	}
}
