// Package ingest is the front door: it takes the RTP of cameras and recording
// hosts, makes it ours once, and hands it to a Sink. A camera is pulled (Pull,
// kept alive by a Supervisor); a recording room pushes (Push).
//
// The path of one packet:
//
//  1. gortsplib reads it off the wire, in order, and calls the track's intake.
//  2. The assembler takes it apart into NAL units (RFC 6184, RFC 7798) and puts
//     access units together, by marker and by timestamp. What has a hole is
//     dropped, and so is what refers to it, up to the next key frame.
//  3. The parameter sets are put in front of every key frame that lacks them.
//     Nothing else in an access unit is touched: it stays bit-identical.
//  4. The Timeline turns the camera's RTP timestamp into ours, which follows the
//     clock of this node, and into the time of capture.
//  5. The packetizer cuts the access unit to the size that fills a QUIC datagram
//     (MaxPacketSize), with our SSRC, payload type and sequence numbers.
//  6. The Sink gets the packets. From here to the last hop they do not change.
//
// Our sequence numbers and timestamps go on across reconnects of a source, so
// further down a gap always means loss. A Timeline, an assembler, a gate and a
// packetizer are cores: they are told the time and have one owner. Pull, Push
// and Supervisor are the shells around them.
package ingest
