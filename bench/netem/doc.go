// Package netem carries real packets through an emulated link (internal/netem), in
// two ways. The Relay carries UDP in user space and without being root: put its
// address where the far end's address would be. The Router carries all of IPv4, so
// TCP too, between two network namespaces, and needs root and Linux.
//
// From socket to socket:
//
//	readers  of the Relay: one for the listening socket, one for each client's
//	         socket to the target; they take the kernel's word for when a datagram
//	         came. Of the Router: one for the TUN device of each namespace
//	pump     owns the two links: pushes what came, pops what is due, writes it
//
// The pump sleeps in short pieces instead of trusting long timers, because Go's
// timers may be a millisecond late on an idle machine. How late each packet
// left, counted from its arrival, is measured and is part of Stats: figures taken
// through a line whose own error is large are worth nothing.
package netem

import core "github.com/classrelay/classrelay/internal/netem"

type (
	// Profile describes one direction of a link.
	Profile = core.Profile
	// Step changes a Profile's rate.
	Step = core.Step
	// Outage is a time when nothing gets through.
	Outage = core.Outage
	// LinkStats counts what one direction did.
	LinkStats = core.Stats
)

// Named returns a profile by its name: clean, rural, bursty, fade, outage.
func Named(name string) (Profile, error) { return core.Named(name) }

// Names lists the profiles Named knows.
func Names() []string { return core.Names() }

// WireOverhead is what the headers of IPv4 and UDP add to a datagram, in bytes.
const WireOverhead = core.WireOverhead
