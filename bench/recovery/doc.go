// Package recovery compares ways to repair a lossy link, in virtual time.
//
// One camera's main stream (25 pictures/s, a key frame every two seconds, eight
// times as long as the others, 4 Mbit/s) is paced at 40 Mbit/s into a link that
// loses packets as Gilbert's two-state chain does, media, parity and repairs
// alike. Feedback is lost as often. What the product does, internal/repair with
// real parity and real reports, runs beside two schemes as others use them:
// retransmission at once (WebRTC, SRT, RIST) and 20 % of parity per frame with
// retransmission behind it.
//
// Time is moved by hand from event to event and everything random is seeded, so
// a run gives the same figures on every machine.
package recovery
