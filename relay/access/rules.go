package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/classrelay/classrelay/media"
)

// Action is what somebody wants to do.
type Action uint8

// The actions.
const (
	Watch Action = iota // DESCRIBE, SETUP, PLAY
	Push                // ANNOUNCE, RECORD
)

// String returns the word used in messages.
func (a Action) String() string {
	if a == Push {
		return "push"
	}
	return "watch"
}

func (a Action) right() Right {
	if a == Push {
		return RightPush
	}
	return RightWatch
}

// Request is one RTSP request that needs a decision.
type Request struct {
	Remote netip.Addr   // the other side, without its port
	TLS    bool         // the connection is RTSPS
	Action Action       // what it wants
	Feed   media.FeedID // of what

	Authorization []string // the values of the Authorization header
	Method        string   // the RTSP method, as in "DESCRIBE"
	URL           string   // the request's URL as it was sent
	Nonce         string   // what Challenge was given on this connection
}

// Verdict is the answer to a Request.
type Verdict struct {
	Allowed bool
	// User is who logged in; empty where no login was needed.
	User string
	// Ask says to answer 401 with Challenge; without it a refusal is a 403.
	Ask bool
	// Reason says why not, for the log. It holds no password.
	Reason string
}

// Rules decides who may watch and push. It is safe for concurrent use and does
// not change: a reload makes new Rules.
type Rules struct {
	cfg    Config
	users  map[string]*user
	offers offers

	slots chan struct{} // one per argon2id computation that may run at once
	key   [32]byte      // of this process, for proven

	mu      sync.Mutex
	waits   penalties
	proven  map[string]mark // user → HMAC of the password that argon2id accepted
	nowhere *argonHash      // what an unknown user's password is compared with
}

// user is a User with its hash parsed.
type user struct {
	User
	hash *argonHash // nil without a password
}

// New makes the rules. The zero Config and no users mean: only this machine.
func New(cfg Config, users []User) (*Rules, error) {
	r := &Rules{
		cfg:    cfg,
		users:  make(map[string]*user, len(users)),
		slots:  make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		proven: make(map[string]mark),
	}
	_, _ = rand.Read(r.key[:]) // never fails (crypto/rand)
	for i := range users {
		u := users[i]
		if err := u.Validate(); err != nil {
			return nil, fmt.Errorf("users[%d]: %w", i, err)
		}
		if r.users[u.Name] != nil {
			return nil, fmt.Errorf("users[%d]: user %s is named twice", i, u.Name)
		}
		known := &user{User: u}
		if u.Password != "" {
			known.hash, _ = parseHash(u.Password) // Validate parsed it
			r.nowhere = known.hash
		}
		r.users[u.Name] = known
		r.offers.add(&u)
	}
	return r, nil
}

// Check decides one request. A Basic login takes a tenth of a second the first
// time, and waits its turn for up to two seconds; everything else is immediate.
func (r *Rules) Check(q Request) Verdict {
	remote := q.Remote.Unmap()
	if remote.IsLoopback() || r.open(remote, q.Action) {
		return Verdict{Allowed: true}
	}
	if len(r.users) == 0 {
		return Verdict{Reason: fmt.Sprintf("%s may not %s: there are no users and access.%s does not name its network",
			remote, q.Action, q.Action)}
	}
	if len(q.Authorization) == 0 {
		return Verdict{Ask: true, Reason: "no login was sent"}
	}
	if wait := r.wait(remote); wait > 0 {
		return Verdict{Reason: fmt.Sprintf("too many failed logins from %s: it waits %s more",
			remote, wait.Round(time.Second))}
	}
	return r.login(remote, q)
}

// open tells whether the remote needs no login.
func (r *Rules) open(remote netip.Addr, a Action) bool {
	networks := r.cfg.Watch
	if a == Push {
		networks = r.cfg.Push
	}
	remote = remote.WithZone("") // a prefix has no zone, a link-local address does
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(remote) })
}

func (r *Rules) login(remote netip.Addr, q Request) Verdict {
	l, err := parseLogin(q.Authorization)
	if err != nil {
		return Verdict{Ask: true, Reason: err.Error()}
	}
	wrong := Verdict{Ask: true, Reason: fmt.Sprintf("wrong name or password for user %q", l.name)}
	sent := r.markOf(q)
	if r.repeats(remote, sent) {
		return wrong
	}
	switch ok, reason := r.verify(l, q); {
	case reason != "":
		return Verdict{Ask: true, Reason: reason}
	case !ok:
		r.failed(remote, sent)
		return wrong
	}
	r.succeeded(remote)
	if u := r.users[l.name]; !u.may(q.Action.right()) {
		return Verdict{
			User:   l.name,
			Reason: fmt.Sprintf("user %s may not %s %s: see users[].may", l.name, q.Action, q.Feed),
		}
	}
	return Verdict{Allowed: true, User: l.name}
}

// verify checks a login. A reason means that it could not be checked and does not
// count as a failed one.
func (r *Rules) verify(l login, q Request) (ok bool, reason string) {
	if !l.basic {
		return r.verifyDigest(l, q)
	}
	if !r.cfg.Basic && !q.TLS {
		return false, "a Basic login was sent and access.basic is not set"
	}
	return r.checkPassword(l)
}

// tooMany is why a login is not computed.
const tooMany = "too many logins at once"

// checkPassword compares a password with the user's argon2id hash. A reason means
// that it could not be done.
func (r *Rules) checkPassword(l login) (ok bool, reason string) {
	u := r.users[l.name]
	if u != nil && r.provenBefore(l) {
		return true, ""
	}
	hash := r.nowhere // so that an unknown name takes as long as a wrong password
	if u != nil && u.hash != nil {
		hash = u.hash
	}
	if hash == nil {
		return false, "no user has a password hash: logins by password cannot be checked"
	}
	if !r.takeSlot() {
		return false, tooMany
	}
	match := hash.matches(l.password)
	<-r.slots
	if !match || u == nil || u.hash == nil {
		return false, ""
	}
	r.prove(l)
	return true, ""
}

// slotWait is how long a login waits for its turn: longer than a lesson's worth
// of players takes to log in, shorter than they take to give up.
const slotWait = 2 * time.Second

// takeSlot waits for one of the few places in which argon2id may run. When they
// stay taken, the login is refused: lessons go before logins.
func (r *Rules) takeSlot() bool {
	t := time.NewTimer(slotWait)
	defer t.Stop()
	select {
	case r.slots <- struct{}{}:
		return true
	case <-t.C:
		return false
	}
}

// mac marks texts under a key of this process.
func (r *Rules) mac(texts ...string) (m mark) {
	h := hmac.New(sha256.New, r.key[:])
	for _, s := range texts {
		h.Write([]byte(s))
		h.Write([]byte{0}) // so that moving a byte from one to the next shows
	}
	h.Sum(m[:0])
	return m
}

// markOf marks a login as it was sent: a Digest response depends on the method.
func (r *Rules) markOf(q Request) mark { return r.mac(q.Method, q.Authorization[0]) }

// provenBefore spares argon2id a password it accepted already: a player sends
// its login with each of its requests.
func (r *Rules) provenBefore(l login) bool {
	sum := r.mac(l.password)
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.proven[l.name]
	return ok && hmac.Equal(known[:], sum[:])
}

func (r *Rules) prove(l login) {
	sum := r.mac(l.password)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proven[l.name] = sum
}

func (r *Rules) wait(remote netip.Addr) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waits.wait(time.Now(), remote)
}

func (r *Rules) repeats(remote netip.Addr, m mark) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waits.repeats(remote, m)
}

func (r *Rules) failed(remote netip.Addr, m mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits.fail(time.Now(), remote, m)
}

func (r *Rules) succeeded(remote netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits.forget(remote)
}
