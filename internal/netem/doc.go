// Package netem is one direction of an emulated network link, as a core: it is
// told the time and the packets, and says when each packet comes out, if it does.
//
// A packet goes through a Link in this order:
//
//  1. the queue in front of the bottleneck: tail drop when it is full
//  2. the bottleneck: so many bits per second, now and then fewer (Steps)
//  3. the wire: the packet is lost alone, in a burst, or because the link is
//     out; otherwise it travels for Delay, a little more with Jitter, and may be
//     held back so that later packets overtake it
//
// All chance comes from one seed, and a packet's fate on the wire depends on the
// seed and on its place in the order of Push alone, never on the time: the same
// seed loses the same packets, whatever the machine does meanwhile.
//
// A Link has one owner; it is not safe for concurrent use. package bench/netem
// carries real UDP through it, package internal/testnet packets in memory.
package netem
