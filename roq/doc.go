// Package roq carries RTP and RTCP over QUIC (RoQ,
// draft-ietf-avtcore-rtp-over-quic-14): the road from one node to the next.
//
// A QUIC connection carries many flows. A flow is one layer of one feed, its
// RTCP, its repair packets, or anything else the two ends agreed on; it is named
// by a number that leads every datagram and every stream. What is sent in a
// datagram arrives or is lost, it is never sent again by QUIC.
//
// The path of one packet, sender to receiver:
//
//	Session.Queue    any goroutine   into the Writer's queue, or "congested"
//	Session.Flush    any goroutine   wakes the Writer, once for all that was queued
//	Writer.Run       its own         too old? dropped and counted; else flow id + packet
//	SendDatagram     the same        may block: the library queues 32
//	roq/cc           QUIC's own      paces, never reacts to loss
//	~~~ the link ~~~
//	Reader.Run       its own         takes datagrams off, does nothing else
//	Session          its own         joins fragments, finds the flow
//	chan Received    the caller's    full: dropped and counted, never waited for
//
// Framing (AppendDatagram, ParseDatagram, ...) is pure and needs no connection.
// A Session works over any Connection: Adapt makes one of a *quic.Conn of
// quic-go or of its fork. Listen and Dial set up the product's own connections
// on the fork github.com/apernet/quic-go, whose congestion controller can be
// replaced (see roq/cc); this package, roq/cc and the simulated link of the
// tests are the only ones that know the fork.
//
// Two protocols (ALPN) are spoken. "roq-14" and its neighbours are plain RoQ:
// media only, for peers that are not ours. "classrelay/1" is RoQ between two of
// our nodes: it adds one bidirectional stream for control, and fragments for
// paths too narrow for a full datagram.
package roq
