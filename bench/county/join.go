package county

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
)

// What the county is called, and what city and province are in its place.
const (
	name         = "c1"
	cityName     = "y1"
	provinceName = "p1"
)

// issue gives a machine that is not a school's its certificate, as an operator does by
// hand: of the hubs one has the CA. Schools join.
func issue(pki, place string) error {
	switch {
	case isHub(place):
		return identity.IssueMember(pki, identity.Member{Node: place, County: name, Role: identity.Hub})
	case place == city:
		return identity.IssueMember(pki, identity.Member{Node: place, County: cityName, Role: identity.City})
	case place == province:
		return identity.IssueMember(pki, identity.Member{Node: place, County: provinceName, Role: identity.Province})
	}
	return nil
}

const (
	// joinTries and joinAgain are for a hub that is still starting.
	joinTries = 20
	joinAgain = 500 * time.Millisecond
)

// join makes a school's machine a node of the county as two people do: one asks the hub
// for a code, the other types it at the school. It goes through the school's line.
func (c *County) join(ctx context.Context, place string) error {
	hub := filepath.Join(c.cfg.Dir, hubA+".yaml")
	code, err := c.command(ctx, "token", "add", "--config", hub, "--school", place,
		"--hub", c.lines[place][0].Addr().String())
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err = c.command(ctx, "join", "--dir", filepath.Join(c.cfg.Dir, "pki", place), strings.TrimSpace(code))
		if err == nil || try == joinTries {
			return err
		}
		select {
		case <-time.After(joinAgain):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// command runs the program and returns what it prints.
func (c *County) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.cfg.Program, args...) //nolint:gosec // our own
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.Env = append(os.Environ(), c.cfg.Env...)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("classrelay %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}
