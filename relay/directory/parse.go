package directory

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
)

const (
	// MaxMessage bounds one message on the bus, in bytes: a list of 256 feeds takes
	// 25 KB, a snapshot of a school's configuration some more.
	MaxMessage = 256 << 10
	// sumRoom is how much one sum holds at most: it leaves room for one list more.
	sumRoom = 64 << 10
	// MaxHops is the longest way a feed may take: school, county, city, province and
	// two to spare.
	MaxHops = 6
	// maxNodes and maxFeeds bound one message and one list; maxLinks the connections of
	// one node, for a county has up to 500 schools.
	maxNodes = 1024
	maxFeeds = 1024
	maxLinks = 2048
	// maxCost is in milliseconds: a minute is no way.
	maxCost = 60_000
)

// ErrMessage is wrapped by every error about what a node said.
var ErrMessage = errors.New("bad announcement")

// Parse decodes an announcement and checks it, so that nothing behind it need be afraid
// of what a stranger wrote.
func Parse(b []byte) (*Announcement, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrMessage, len(b), MaxMessage)
	}
	a := &Announcement{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err := a.validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return a, nil
}

// encode is the message's form on the bus.
func (a *Announcement) encode() ([]byte, error) {
	b, err := json.Marshal(a)
	if err == nil && len(b) > MaxMessage {
		err = fmt.Errorf("%w: %d bytes to send, at most %d fit: too many feeds", ErrMessage, len(b), MaxMessage)
	}
	return b, err
}

func (a *Announcement) validate() error {
	if err := errors.Join(identity.CheckName(a.From), identity.CheckName(a.County)); err != nil {
		return err
	}
	if a.Epoch <= 0 {
		return errors.New("it has no epoch")
	}
	if len(a.Nodes) > maxNodes {
		return fmt.Errorf("%d nodes, at most %d are taken", len(a.Nodes), maxNodes)
	}
	for i := range a.Nodes {
		if err := a.Nodes[i].validate(a.From); err != nil {
			return fmt.Errorf("node %.64q: %w", a.Nodes[i].Name, err)
		}
	}
	return nil
}

func (n *Node) validate(from string) error {
	if err := errors.Join(identity.CheckName(n.Name), identity.CheckName(n.County)); err != nil {
		return err
	}
	if Level(n.Role) < 0 {
		return fmt.Errorf("unknown role %.16q", n.Role)
	}
	if n.Epoch <= 0 {
		return errors.New("it has no epoch")
	}
	if n.Cost < 0 || n.Cost > maxCost {
		return fmt.Errorf("cost %d is not between 0 and %d", n.Cost, maxCost)
	}
	if n.Load.Capacity < 0 || n.Load.Capacity > 1_000_000 || n.Load.Lessons < 0 || n.Load.Lessons > 1_000_000 {
		return errors.New("its load is no number of lessons")
	}
	return errors.Join(n.validateHops(from), n.validateLinks(), n.validateFeeds())
}

// validateHops checks what does not depend on who reads it.
func (n *Node) validateHops(from string) error {
	if len(n.Hops) == 0 || len(n.Hops) > MaxHops {
		return fmt.Errorf("%d hops, 1 to %d are allowed", len(n.Hops), MaxHops)
	}
	if n.Hops[0] != n.Name || n.teller() != from {
		return errors.New("its hops do not lead from the node to the one that tells it")
	}
	seen := make(map[string]struct{}, len(n.Hops))
	for _, h := range n.Hops {
		if err := identity.CheckName(h); err != nil {
			return err
		}
		if _, twice := seen[h]; twice {
			return fmt.Errorf("its hops go through %s twice", h)
		}
		seen[h] = struct{}{}
	}
	return nil
}

func (n *Node) validateLinks() error {
	if len(n.Links) > maxLinks {
		return fmt.Errorf("%d links, at most %d are taken", len(n.Links), maxLinks)
	}
	for _, l := range n.Links {
		if err := identity.CheckName(l.To); err != nil {
			return err
		}
		if l.RTT < 0 || l.RTT > maxCost {
			return fmt.Errorf("link to %s: round trip %d ms", l.To, l.RTT)
		}
	}
	return nil
}

func (n *Node) validateFeeds() error {
	if len(n.Feeds) > maxFeeds {
		return fmt.Errorf("%d feeds, at most %d are taken", len(n.Feeds), maxFeeds)
	}
	for _, f := range n.Feeds {
		if _, err := media.ParseFeedID(string(f.ID)); err != nil {
			return err
		}
		if len(f.Layers) > media.NumLayers || len(f.Role) > 16 {
			return fmt.Errorf("feed %s: too many layers, or no role", f.ID)
		}
	}
	return nil
}
