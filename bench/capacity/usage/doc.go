// Package usage tells what a process has used: CPU time and memory, as the kernel
// counts them (getrusage(2), proc(5)). It knows Linux; elsewhere every question is
// answered with ErrUnknown.
package usage

import "errors"

// ErrUnknown says that this system does not tell.
var ErrUnknown = errors.New("only Linux tells what a process uses (/proc)")

// Time is CPU time in seconds.
type Time struct {
	User   float64 `json:"user_s"`
	System float64 `json:"system_s"`
}

// Total is both together.
func (t Time) Total() float64 { return t.User + t.System }

// Sub is the time used since an earlier look.
func (t Time) Sub(earlier Time) Time {
	return Time{User: t.User - earlier.User, System: t.System - earlier.System}
}

// Machine is what all CPUs have done since the start, in seconds.
type Machine struct {
	Busy float64 // in programs and in the kernel for them
	IRQ  float64 // of it, in interrupts: mostly the network's
	Idle float64 // waiting, for disks too
}

// Sub is what was done since an earlier look.
func (m Machine) Sub(earlier Machine) Machine {
	return Machine{Busy: m.Busy - earlier.Busy, IRQ: m.IRQ - earlier.IRQ, Idle: m.Idle - earlier.Idle}
}

// IdleShare is how much of the CPUs' time nobody used, 0 to 1.
func (m Machine) IdleShare() float64 {
	if all := m.Busy + m.Idle; all > 0 {
		return m.Idle / all
	}
	return 0
}
