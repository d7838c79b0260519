// Package selftest proves the emulator before anybody believes what is measured
// through it, in two parts:
//
//	Virtual  the core link with a clock moved by hand, over a million packets: its
//	         statistics, its rate, its queue, its outages, its traces
//	Real     100 Mbit/s through the relay and, for root, through the router: how late
//	         packets leave, what TCP gets, and whether the stamps of the bench's camera
//	         agree with a plain echo
//
// The bounds of shares are four standard deviations wide: chance alone breaks one in
// 16,000 times, and with a fixed seed always or never.
package selftest
