// Package viewer is an RTSP viewer that watches a stamped camera (packages
// camera and stamp) through any chain of relays and keeps the truth about it.
//
// From socket to figure:
//
//	Viewer     the shell: a gortsplib client over TCP or UDP
//	assembler  joins packets to access units and notices what is missing
//	stamp      says which frame it is and whether it is whole
//	Tally      the core: told the time and the frames, it counts
//	Report     the figures, with the JSON names the bench and its judges read
//
// What is counted:
//
// A frame is good when it is whole and every frame back to its key frame was
// whole too: that is what a decoder needs. Its latency is the arrival of its last
// packet minus the time in its stamp; camera and viewer must share a clock.
//
// Frames expected are those the camera stamped from the first good frame that
// was taken after the viewer joined up to 300 ms before the end, so that each
// had its full time to arrive. The older frames of a cached key-frame group that
// a relay sends to a newcomer count neither as expected nor as good. What the
// camera stamped at the end without anything arriving is told to Report, or
// reckoned from the time since the last good frame.
//
// A stall is when no new good frame (of a higher number than any before) arrives
// for more than 80 ms past its slot; the slot is one frame interval after the
// last one. It lasts from the slot to the next new good frame, so at 25 frames a
// second a gap of 121 ms between two arrivals is a stall of 81 ms.
package viewer
