//go:build !linux

package netem

import (
	"context"
	"fmt"
	"os/exec"

	"go.uber.org/zap"
)

type end struct {
	Namespace
	tun *port
}

// CanRoute tells why there can be no Router, and none of Relay.Beside, here.
func CanRoute() error { return fmt.Errorf("%w: it needs Linux", ErrRouter) }

func newPair(string, *zap.Logger) (*pair, error) { return nil, CanRoute() }

// Command is a command that fails: there are no namespaces here.
func (ns Namespace) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Err = CanRoute()
	return cmd
}

// Do does nothing but fail: there are no namespaces here.
func (Namespace) Do(func() error) error { return CanRoute() }

func (p *pair) dropped() uint64 { return 0 }

func (p *pair) close() error { return nil }
