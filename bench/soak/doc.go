// Package soak runs the product for hours and tells whether it stays as it was: the
// slopes of latency, memory, goroutines and open descriptors are figures, and rules
// judge them. A relay that loses a descriptor a minute passes every other bench and
// stops in the middle of the third day.
//
// There are two ways to let hours pass. Play runs the whole chain over real sockets
// and an emulated line (package bench/chain), in real time, while viewers come, go
// and vanish and the camera starts anew. Package soak/virtual runs the cores of the
// product on a virtual link, where eight hours take about a minute; it finds what
// depends on time that passes and numbers that wrap, not what a socket leaks.
//
// Both give windows of a few seconds each, and a Log judges them. A slope is the
// median of the slopes between all pairs of points (Theil and Sen), which a few
// outages do not bend, and comes with a 95 % interval. A rule about a slope is met
// when the whole interval keeps it, missed when none of it does, and "too short to
// tell" in between: a short run never passes by luck.
package soak
