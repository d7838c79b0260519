// Package doctor looks at the machine under a node and says what will spoil lessons, in
// words, each with the command that mends it: classrelay doctor.
//
// Gather asks the system and the network for Facts; Examine, which is pure, turns them
// into Findings. So every finding has a test without such a machine.
package doctor
