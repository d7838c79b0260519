package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"time"
)

// SignIn is a name and a password that somebody typed into a page.
type SignIn struct {
	Remote         netip.Addr // the other side, without its port
	TLS            bool       // the connection is encrypted
	Name, Password string
}

// Entrance is the answer to a SignIn.
type Entrance struct {
	Allowed bool
	// Plain: the password came in clear from another machine, and access.basic does
	// not allow that. It was not looked at.
	Plain bool
	// Wait is how long this address has to wait before its next try; zero: it may
	// try again at once.
	Wait time.Duration
	// Busy: too many logins are being computed just now.
	Busy bool
	// Reason says why not, for the log. It holds no password.
	Reason string
}

// Enter checks a login by name and password, with the same penalties and the same
// bound on argon2id as Check. It says the same, after the same time, of a name that
// nobody has and of a wrong password.
func (r *Rules) Enter(s SignIn) Entrance {
	remote := s.Remote.Unmap()
	if !s.TLS && !r.cfg.Basic && !remote.IsLoopback() {
		return Entrance{Plain: true, Reason: "a password was sent in clear and access.basic is not set"}
	}
	if wait := r.wait(remote); wait > 0 {
		return Entrance{Wait: wait, Reason: fmt.Sprintf("too many failed logins from %s: it waits %s more",
			remote, wait.Round(time.Second))}
	}
	wrong := Entrance{Reason: fmt.Sprintf("wrong name or password for user %q", s.Name)}
	sent := r.mac("sign in", s.Name, s.Password)
	if r.repeats(remote, sent) {
		return wrong
	}
	switch ok, reason := r.checkPassword(login{name: s.Name, password: s.Password}); {
	case reason != "":
		return Entrance{Busy: reason == tooMany, Reason: reason}
	case !ok:
		r.failed(remote, sent)
		return wrong
	}
	r.succeeded(remote)
	return Entrance{Allowed: true}
}

// Allows tells whether a user, who has logged in, may do something.
func (r *Rules) Allows(name string, a Action) bool {
	u := r.users[name]
	return u != nil && u.may(a.right())
}

// Stamp stands for a user's password as it is configured.
type Stamp [32]byte

// StampOf tells which password a user has now; ok is false when there is no such
// user. It changes when the password does: a session that began with another stamp
// is over.
func (r *Rules) StampOf(name string) (s Stamp, ok bool) {
	u := r.users[name]
	if u == nil {
		return s, false
	}
	return sha256.Sum256([]byte(u.Password)), true
}

// Same compares two stamps.
func (s Stamp) Same(o Stamp) bool { return subtle.ConstantTimeCompare(s[:], o[:]) == 1 }
