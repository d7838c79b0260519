package enrol

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/relay/identity"
)

// Joining is what a machine needs that joins. Code, Dir and Dial are required.
type Joining struct {
	Code *Code
	// Name is what the node is to be called. Default: as its school.
	Name string
	// Dir is the folder for the certificate, its key, the CA and the configuration.
	Dir string
	// Replace lets the machine give up the identity that is in the folder. Default: it
	// is refused.
	Replace bool
	// Software is the version of the program, told to the hub.
	Software string
	Dial     Dialer
}

// Joined is what has come of it.
type Joined struct {
	Member   identity.Member
	NotAfter time.Time
	Hub      string // who answered, HOST:PORT
	// ClockOff is how far this machine's clock is behind the CA's; zero when they agree
	// within a minute.
	ClockOff time.Duration
	// Config is the configuration file, and Written tells whether it was made now.
	Config  string
	Written bool
}

// rounds is how often all hubs are tried: an answer can be lost on a bad line.
const rounds = 3

// clockAgrees is how far apart two clocks may be without a word.
const clockAgrees = time.Minute

// Run asks the hubs of the code in turn for a certificate and puts it into the folder.
// When it fails it can be called again: the key that was made waits, and a code that
// this machine has used already is taken once more.
func (j *Joining) Run(ctx context.Context) (*Joined, error) {
	if err := j.prepare(); err != nil {
		return nil, err
	}
	key, err := identity.PendingKey(j.Dir)
	if err != nil {
		return nil, err
	}
	request, err := identity.Request(key)
	if err != nil {
		return nil, err
	}
	got, hub, err := j.ask(ctx, &Ask{Token: j.Code.Token[:], Name: j.Name, Request: request, Software: j.Software})
	if err != nil {
		return nil, err
	}
	return j.install(got, hub)
}

// prepare makes the folder and looks whether somebody lives there.
func (j *Joining) prepare() error {
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for the node: %w", err)
	}
	id, err := identity.Load(j.Dir)
	if err == nil && !j.Replace {
		return fmt.Errorf("%s is the folder of node %s already: to make this machine another node, add --replace; "+
			"the old certificate and key go", j.Dir, id.Name())
	}
	return nil // also where what is there is no whole identity
}

// ask tries the hubs in turn.
func (j *Joining) ask(ctx context.Context, a *Ask) (got *asked, hub string, err error) {
	var failures []error
	for round := range rounds {
		failures = nil
		for _, hub := range j.Code.Hubs {
			got, err := ask(ctx, j.Dial, hub, ProtocolJoin, identity.JoinTLS(hostOf(hub), j.Code.Pin), a)
			if err == nil && got.answer.Refused == nil {
				return got, hub, nil
			}
			if err == nil {
				err = fmt.Errorf("%s: %w", hub, got.answer.Refused)
			}
			if final(err) || ctx.Err() != nil {
				return nil, "", err
			}
			failures = append(failures, err)
		}
		if pause.For(ctx, time.Duration(round+1)*time.Second) != nil {
			break
		}
	}
	return nil, "", fmt.Errorf("no hub has let this machine in: %w", errors.Join(failures...))
}

// final tells whether it is of no use to ask another hub, or once more.
func final(err error) bool {
	r, refused := errors.AsType[*Refusal](err)
	if !refused {
		return false
	}
	switch r.Reason {
	case ReasonExpired, ReasonUsed, ReasonName, ReasonRequest:
		return true
	case ReasonUnknown, ReasonBusy, ReasonFailed:
	}
	return false
}

func (j *Joining) install(got *asked, hub string) (*Joined, error) {
	cert, err := got.certificate()
	if err != nil {
		return nil, err
	}
	ca, err := identity.PinnedCA(got.tls, j.Code.Pin)
	if err != nil {
		return nil, err
	}
	if err := identity.Install(j.Dir, cert, ca); err != nil {
		return nil, err
	}
	m, err := identity.MemberOf(cert)
	if err != nil {
		return nil, err
	}
	joined := &Joined{Member: m, NotAfter: cert.NotAfter, Hub: hub, Config: filepath.Join(j.Dir, ConfigFile)}
	if got.off.Abs() > clockAgrees {
		joined.ClockOff = got.off
	}
	joined.Written, err = writeConfig(joined.Config, m, j.Code.Hubs)
	if err == nil {
		err = giveTo(j.Dir)
	}
	return joined, err
}
