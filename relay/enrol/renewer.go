package enrol

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/identity"
)

// Signer gets a certificate for a request: from a hub, or from the CA on this machine.
type Signer interface {
	Sign(ctx context.Context, request []byte) (*x509.Certificate, error)
}

// lookAgain is how often the time is compared with the plan: the clock may be set.
const lookAgain = time.Hour

// Renewer keeps the certificate of a running node good.
type Renewer struct {
	id     *identity.Identity
	signer Signer // nil: people do it
	plan   *Plan
	of     *x509.Certificate // what the plan is for
	hurry  chan struct{}     // full: it is known
	alarm  func(words string)
	log    *zap.Logger
}

// NewRenewer makes a renewer. A nil signer means that people renew the certificate, and
// only the alarm is raised. Alarm, unless nil, is told in words when the certificate is
// about to run out.
func NewRenewer(id *identity.Identity, signer Signer, alarm func(words string), log *zap.Logger) *Renewer {
	if alarm == nil {
		alarm = func(string) {}
	}
	r := &Renewer{id: id, signer: signer, hurry: make(chan struct{}, 1), alarm: alarm, log: log}
	r.of = id.Certificate()
	r.plan = NewPlan(identity.IssuedAt(r.of), r.of.NotAfter, luckOf(id.Name()), signer == nil)
	return r
}

// luckOf is from 0 to 1, and the same for a name every time.
func luckOf(name string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("renew\x00" + name)) // a hash takes anything
	return float64(h.Sum64()) / math.MaxUint64
}

// Hurry tells that a hub does not take the certificate, or that its own looks expired.
// Any goroutine may call it.
func (r *Renewer) Hurry() {
	select {
	case r.hurry <- struct{}{}:
	default:
	}
}

// Run renews when it is time, until ctx ends.
func (r *Renewer) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hurry:
			r.plan.Hurry(r.id.Now())
		case <-timer.C:
		}
		if cert := r.id.Certificate(); cert != r.of { // somebody else has put another one there
			r.of = cert
			r.plan.Renewed(identity.IssuedAt(cert), cert.NotAfter)
		}
		if now := r.id.Now(); !now.Before(r.plan.Next()) {
			r.try(ctx)
		}
		timer.Reset(min(lookAgain, max(0, r.plan.Next().Sub(r.id.Now()))))
	}
}

// try renews once.
func (r *Renewer) try(ctx context.Context) {
	err := r.renew(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		r.of = r.id.Certificate()
		r.plan.Renewed(identity.IssuedAt(r.of), r.of.NotAfter)
		r.log.Info("the certificate was renewed", zap.Time("until", r.of.NotAfter))
		if off := r.id.ClockOff(); off != 0 {
			r.log.Warn(ClockWords(off))
		}
		return
	}
	now := r.id.Now()
	switch r.plan.Failed(now) {
	case Quiet:
	case First:
		r.log.Warn("the certificate could not be renewed; trying on", zap.Time("good_until", r.of.NotAfter), zap.Error(err))
	case Urgent:
		words := urgent(r.of.NotAfter.Sub(now), err)
		r.log.Error(words)
		r.alarm(words)
	}
}

// errByHand is why a certificate without a role is not renewed.
var errByHand = errors.New("it was issued by hand: where the CA is, run classrelay ca issue --renew, " +
	"and copy cert.pem here")

func (r *Renewer) renew(ctx context.Context) error {
	if r.signer == nil {
		return errByHand
	}
	key, err := identity.FreshKey(r.id.Dir())
	if err != nil {
		return fmt.Errorf("the node must be able to write to %s: %w", r.id.Dir(), err)
	}
	request, err := identity.Request(key)
	if err != nil {
		return err
	}
	cert, err := r.signer.Sign(ctx, request)
	if err != nil {
		return err
	}
	return r.id.Renewed(cert)
}

// urgent says how long there is left.
func urgent(left time.Duration, why error) string {
	const day = 24 * time.Hour
	switch {
	case left < -identity.RenewWithin:
		return fmt.Sprintf("this node's certificate has run out more than %d days ago and cannot be renewed any more: "+
			"get a new join code and run classrelay join --replace: %v", identity.RenewWithin/day, why)
	case left < 0:
		return fmt.Sprintf("this node's certificate has run out, no link can be made; "+
			"it can be renewed for %d more days: %v", (left+identity.RenewWithin)/day, why)
	}
	return fmt.Sprintf("this node's certificate runs out in %d days, and with it all links: %v", left/day, why)
}

// ClockWords says that this machine's clock is behind the county's by so much (ahead:
// negative), and what to do.
func ClockWords(off time.Duration) string {
	by, way := off, "slow"
	if off < 0 {
		by, way = -off, "fast"
	}
	return fmt.Sprintf("this machine's clock is %s %s: set it (timedatectl set-ntp true); "+
		"certificates are judged by the county's time meanwhile", lasting(by), way)
}

// lasting rounds to what people say.
func lasting(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return d.Round(time.Minute).String()
	}
	return d.Round(time.Second).String()
}
