// Package netem carries real packets through an emulated link (internal/netem), in
// two ways. The Relay carries UDP in user space and without being root: put its
// address where the far end's address would be. The Router carries all of IPv4, so
// TCP too, between two network namespaces, and needs root and Linux.
//
// From socket to socket:
//
//	ports  sockets, or TUN devices, where packets come in; the kernel's word is
//	       taken for when a datagram came
//	pump   owns both links, one for each direction: one thread of the operating
//	       system takes in what comes and lets go what is due
//
// How late each packet left, counted from its arrival, is measured and is part of
// Stats: figures taken through a line whose own error is large are worth nothing.
// On Linux the pump's thread goes before all others if root runs it, keeps its
// processor while it waits, and makes no garbage, so that it is on time on a machine
// whose cores are all taken: that is what measuring on one machine needs. Of many
// pumps in one program only as many do as leave a processor to the rest.
package netem

import core "github.com/classrelay/classrelay/internal/netem"

type (
	// Profile describes one direction of a link.
	Profile = core.Profile
	// Step changes a Profile's rate.
	Step = core.Step
	// Outage is a time when nothing gets through.
	Outage = core.Outage
	// Trace is a recorded capacity.
	Trace = core.Trace
	// TraceError is what is wrong in a trace, and in which line.
	TraceError = core.TraceError
	// LinkStats counts what one direction did.
	LinkStats = core.Stats
)

// Named returns a profile by its name: clean, rural, bursty, fade, outage.
func Named(name string) (Profile, error) { return core.Named(name) }

// Names lists the profiles Named knows.
func Names() []string { return core.Names() }

// WireOverhead is what the headers of IPv4 and UDP add to a datagram, in bytes.
const WireOverhead = core.WireOverhead

// ParseTrace reads a trace of rates or of packets.
func ParseTrace(text []byte) (*Trace, error) { return core.ParseTrace(text) }
