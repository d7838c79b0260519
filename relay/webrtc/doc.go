// Package webrtc is the node's door for browsers: pages watch feeds by WHEP
// (draft-ietf-wish-whep) at /whep/FEED, and publish camera and microphone by WHIP
// (RFC 9725) at /whip/FEED. A page posts its SDP offer, the answer comes back in the
// same request, and from then on media runs beside HTTP, over one UDP port for all
// pages, or over TCP on the port of the same number where UDP is closed.
//
// A packet's way to a page:
//
//  1. A playout.Viewer, one for each page, makes one stream of the feed's layers and
//     hands its packets to the player's outbox.
//  2. The outbox's sender gives a packet its payload type, SSRC and header
//     extensions (track) and hands it to pion.
//  3. pion keeps a copy for retransmission (RFC 4585 and 4588).
//  4. The steering numbers it, over all streams of the page (resending), and pion
//     encrypts it (RFC 3711) and writes it to the port.
//
// The page reports by these numbers what came and when. From that a leg, made of the
// same cores as a link between nodes (internal/bwe, internal/layer), sees what the way
// to the page carries, and the steering has the viewer show main or sub. A page that
// asks for a layer, or gives no feedback, gets what the feed gives.
//
// And from a page: pion decrypts, a reorder puts what was repaired in its place, and
// an ingest.Push takes it as it takes the packets of a recording room.
//
// The node is ICE-lite (RFC 8445 §2.5): it has a known address and only answers the
// browser's connectivity checks, so an answer holds all there is to say and nothing
// is trickled. What a browser can decode decides what it gets (match.go); nothing is
// transcoded.
//
// The server knows no feed. It asks a rtsp.Node, as the RTSP server does.
package webrtc
