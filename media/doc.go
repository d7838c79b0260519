// Package media holds the words the rest of classrelay is said in: a Packet is
// one RTP packet, a Track says how it is encoded, a Layer is one encoding of a
// classroom's picture or sound, a FeedID names the classroom.
//
// Nothing here runs: no goroutine, no socket, no clock. The one interface that
// everybody shares is Writer.
//
// A Packet is written once, at ingest or when it comes off a link, and then read
// by many: the ring, every downlink, every viewer. Nobody writes to Raw after
// WritePacket; whoever needs another header copies the header and shares the
// payload. The garbage collector owns packets, so there is nothing to release.
package media
