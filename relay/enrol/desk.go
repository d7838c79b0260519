package enrol

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/perhost"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// Tokens is the token book.
type Tokens interface {
	Tokens(ctx context.Context) ([]store.Token, error)
	TakeToken(ctx context.Context, hash [32]byte, node string, now time.Time) (store.Token, error)
}

// Certs is the list of certificates that were given out.
type Certs interface {
	AddCert(ctx context.Context, c store.Cert) error
	RevokeNode(ctx context.Context, node, reason string, now time.Time) ([]string, error)
}

// TokenRefused is the action of a refused code in the audit log. Anybody can cause such
// entries: a book may count them.
const TokenRefused = "token.refuse"

// Audits is the log of what was done and refused.
type Audits interface {
	Audit(ctx context.Context, e store.Event) error
}

// Book is where a desk writes down what it does; *store.Store is one.
type Book interface {
	Tokens
	Certs
	Audits
}

const (
	// wrongCodes is how many refused codes a host has in hand, and wrongEvery after how
	// long it gets one back: enough for a person who mistypes, who is stopped by the
	// check letters before. Guessing 128 bits is out of the question; this spares the
	// disk and the log.
	wrongCodes = 10
	wrongEvery = 10 * time.Second
	// renewals is how many renewals a node has in hand: each costs a signature and a row.
	renewals     = 5
	renewalEvery = time.Minute
	// mostHosts and mostNodes bound what is remembered of them.
	mostHosts = 1024
	mostNodes = 4096
)

// Desk gives certificates out, at the machine with the county's CA. Its methods may be
// called concurrently.
type Desk struct {
	county string
	ca     *identity.Authority
	book   Book
	log    *zap.Logger

	mu      sync.Mutex
	wrong   perhost.Buckets
	renewed map[string]time.Time // by node: when all its renewals are in hand again
}

// NewDesk makes a desk for a county.
func NewDesk(county string, ca *identity.Authority, book Book, log *zap.Logger) *Desk {
	return &Desk{
		county:  county,
		ca:      ca,
		book:    book,
		log:     log,
		wrong:   perhost.Buckets{Burst: wrongCodes, Every: wrongEvery, Most: mostHosts},
		renewed: make(map[string]time.Time),
	}
}

// Join answers somebody who comes with a code, from an address.
func (d *Desk) Join(ctx context.Context, ask *Ask, from netip.AddrPort, now time.Time) *Answer {
	if !d.mayTry(now, from.Addr()) {
		d.note(ctx, store.Event{
			At: now, Actor: actor(ask.Name, "a machine without a name"), Source: source(from), Action: TokenRefused,
			Result: "too many codes from this address were wrong",
		})
		return refuse(now, &Refusal{ReasonBusy, "too many codes from this address were wrong: wait a few minutes"})
	}
	cert, m, err := d.join(ctx, ask, from, now)
	if err != nil {
		d.failed(now, from.Addr())
		r := refusal(err)
		d.note(ctx, store.Event{
			At: now, Actor: actor(m.Node, "a machine without a name"), Source: source(from), Action: TokenRefused,
			Object: m.Node, Result: err.Error(),
		})
		d.log.Warn("a machine wants to join and may not", zap.String("address", source(from)), zap.String("name", ask.Name),
			zap.Error(err))
		return refuse(now, r)
	}
	d.log.Info("a machine has joined", zap.String("as", m.Node), zap.String("role", string(m.Level())),
		zap.String("address", source(from)), zap.Time("until", cert.NotAfter),
		zap.Duration("its_clock_is_ahead", ask.Now.Sub(now)))
	return d.give(now, cert)
}

// join takes the token and signs.
func (d *Desk) join(
	ctx context.Context, ask *Ask, from netip.AddrPort, now time.Time,
) (*x509.Certificate, identity.Member, error) {
	var m identity.Member
	key, err := identity.ReadRequest(ask.Request)
	if err != nil {
		return nil, m, &Refusal{ReasonRequest, err.Error()}
	}
	if len(ask.Token) != len(Token{}) {
		return nil, m, store.ErrNoToken
	}
	hash := Token(ask.Token).Hash()
	book, err := d.book.Tokens(ctx)
	if err != nil {
		return nil, m, err
	}
	if m, err = DecideJoin(d.county, book, hash, ask.Name); err != nil {
		return nil, m, err
	}
	used, err := user(m.Node, key)
	if err != nil {
		return nil, m, &Refusal{ReasonRequest, err.Error()}
	}
	again := false
	token, err := d.book.TakeToken(ctx, hash, used, now)
	if errors.Is(err, store.ErrTokenUsed) && DecideAgain(token, used, now) {
		again, err = true, nil
	}
	if err != nil {
		return nil, m, err
	}
	d.note(ctx, store.Event{
		At: now, Actor: m.Node, Source: source(from), Action: "token.use", Object: token.School, Result: resultOf(again),
	})
	if !again {
		if err := d.replace(ctx, m.Node, from, now); err != nil {
			return nil, m, err
		}
	}
	cert, err := d.sign(ctx, m, nil, key, now)
	if err == nil {
		d.note(ctx, store.Event{
			At: now, Actor: m.Node, Source: source(from), Action: "cert.issue", Object: identity.SerialOf(cert), Result: "ok",
		})
	}
	return cert, m, err
}

func resultOf(again bool) string {
	if again {
		return "ok, again: its answer was lost"
	}
	return "ok"
}

// replace revokes what a node had before: who joins under its name takes its place.
func (d *Desk) replace(ctx context.Context, node string, from netip.AddrPort, now time.Time) error {
	const why = "replaced by a machine that joined with a new code"
	serials, err := d.book.RevokeNode(ctx, node, why, now)
	if errors.Is(err, store.ErrNoCert) {
		return nil
	}
	for _, s := range serials {
		d.log.Warn("a certificate is revoked: "+why, zap.String("of", node), zap.String("serial", s))
		d.note(ctx, store.Event{
			At: now, Actor: node, Source: source(from), Action: "cert.revoke", Object: s, Result: "ok: " + why,
		})
	}
	return err
}

// Renew answers a node that wants a new certificate. Leaf is the one it has shown, which
// the handshake has verified.
func (d *Desk) Renew(
	ctx context.Context, ask *Ask, leaf *x509.Certificate, from netip.AddrPort, now time.Time,
) *Answer {
	m, hosts, err := DecideRenew(leaf)
	var key *ecdsa.PublicKey
	if err == nil {
		key, err = identity.ReadRequest(ask.Request)
	}
	if err != nil {
		return refuse(now, &Refusal{ReasonRequest, err.Error()})
	}
	if !d.mayRenew(now, m.Node) {
		return refuse(now, &Refusal{ReasonBusy, "it was renewed several times just now: wait a minute"})
	}
	cert, err := d.sign(ctx, m, hosts, key, now)
	event := store.Event{At: now, Actor: m.Node, Source: source(from), Action: "cert.renew", Result: "ok"}
	if err != nil {
		event.Object, event.Result = identity.SerialOf(leaf), err.Error()
		d.note(ctx, event)
		d.log.Error("a certificate could not be renewed", zap.String("of", m.Node), zap.Error(err))
		return refuse(now, refusal(err))
	}
	event.Object = identity.SerialOf(cert)
	d.note(ctx, event)
	d.log.Info("a certificate was renewed", zap.String("of", m.Node), zap.String("address", source(from)),
		zap.Time("until", cert.NotAfter), zap.Duration("its_clock_is_ahead", ask.Now.Sub(now)))
	return d.give(now, cert)
}

// sign makes a certificate and writes it down first thing, so that it can be revoked.
func (d *Desk) sign(
	ctx context.Context, m identity.Member, hosts []string, key *ecdsa.PublicKey, now time.Time,
) (*x509.Certificate, error) {
	cert, err := d.ca.Sign(m, hosts, key, now)
	if err != nil {
		return nil, err
	}
	return cert, d.book.AddCert(ctx, store.Cert{
		Serial: identity.SerialOf(cert), Node: m.Node, Role: string(m.Level()), Issued: now, Expires: cert.NotAfter,
	})
}

func (d *Desk) give(now time.Time, cert *x509.Certificate) *Answer {
	return &Answer{Certificate: cert.Raw, CA: d.ca.Certificate().Raw, Now: now}
}

func refuse(now time.Time, r *Refusal) *Answer { return &Answer{Now: now, Refused: r} }

// note writes an event down. What was done stays done where that fails, and the log says so.
func (d *Desk) note(ctx context.Context, e store.Event) {
	if err := d.book.Audit(ctx, e); err != nil {
		d.log.Error("the audit log misses something", zap.String("action", e.Action), zap.String("object", e.Object),
			zap.String("result", e.Result), zap.Error(err))
	}
}

// source is where somebody asks from, for the audit log.
func source(from netip.AddrPort) string {
	if !from.IsValid() {
		return "this machine"
	}
	return from.String()
}

func actor(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

func (d *Desk) mayTry(now time.Time, host netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wrong.Left(now, host)
}

func (d *Desk) failed(now time.Time, host netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrong.Take(now, host)
}

// mayRenew counts a renewal of a node.
func (d *Desk) mayRenew(now time.Time, node string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := d.renewed[node]
	if from.Before(now) {
		from = now
	}
	if from.Sub(now) > (renewals-1)*renewalEvery {
		return false
	}
	if len(d.renewed) >= mostNodes {
		clear(d.renewed) // a county has fewer nodes
	}
	d.renewed[node] = from.Add(renewalEvery)
	return true
}
