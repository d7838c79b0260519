// Package fit measures the rate controller: a link, its cameras and its rivals
// in virtual time, with the real cores (internal/pacer, internal/bwe,
// internal/layer) in the loop and nothing else of the product.
//
// A Cell is one situation: a bottleneck with its capacity over time, its buffer,
// its losses, the links of ours that cross it and the bulk flows beside them. Run
// plays each cell once per seed and gives one Row per cell, with its pass mark.
//
// The model: discrete events per packet; one FIFO bottleneck with tail drop (the
// buffer in time at the present rate, at least 20 kB), half the round trip each
// way, Gilbert-Elliott loss behind the queue, reports lost at the same mean rate,
// jitter that keeps the order. Cameras: 25 frames a second, a key frame of eight
// times the size every 50, sizes with 20 % noise, 5 % parity, sound twice; lost
// packets are repeated up to twice within 300 ms. Bulk flows: NewReno, CUBIC
// without HyStart (the worst overshoot), and one like BBRv1.
//
// Stages of a packet: camera.go makes it, node.go paces and sends it, link.go
// carries, delays or loses it, far.go receives and reports it, node.go reads the
// report and asks the selector. score.go keeps the figures.
package fit
