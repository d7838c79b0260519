// Package stamp writes the truth into the media itself, so that a viewer at the
// far end of any chain of relays can tell when a frame was taken, which one it
// is, and whether it is whole.
//
// In video the stamp is a NAL unit of its own in front of the picture: an SEI
// message "user data unregistered" (H.264 D.1.7, payload type 5; H.265 D.2.7)
// with our UUID. Decoders skip it, relays carry it. It holds a CRC-32C over
// itself and the picture's slices, so a frame that lost a packet, or that a relay has mixed up
// with another, is found out. Parameter sets and delimiters are left out of the
// sum: a relay may repeat or drop them without harm to the picture.
//
// Sound has no room for messages. In G.711, where every byte is a sample, the
// stamp takes the place of the first samples of a frame (AppendAudio); AAC and
// Opus are not stamped.
//
// The functions keep no state and are safe for concurrent use.
package stamp
