// Package netem carries real UDP through an emulated link (internal/netem), in
// user space and without being root: put the Relay's address where the far end's
// address would be.
//
// From socket to socket:
//
//	readers  one for the listening socket, one for each client's socket to the
//	         target; they take the kernel's word for when a datagram came
//	pump     owns the two links: pushes what came, pops what is due, writes it
//
// The pump sleeps in short pieces instead of trusting long timers, because Go's
// timers may be a millisecond late on an idle machine. How late each datagram
// left, counted from its arrival in the kernel, is measured and is part of
// Stats: figures taken through a Relay whose own error is large are worth
// nothing.
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
