package roq

// How large a packet may be. A QUIC packet with one datagram costs 37 bytes
// beside the datagram when the receiver's connection id is 15 bytes long: short
// header 1, connection id 15, packet number 2, frame type and length 3, AEAD tag
// 16 (RFC 9000 §17.3, RFC 9221 §4, RFC 9001 §5.3). Only packets that are exactly
// full leave in batches (UDP segmentation offload), which makes sending 1.4
// times cheaper, so media is cut to these sizes once, at ingest.
const (
	// PacketSize is the size of our QUIC packets, the payload of UDP: 1350 bytes
	// are 1378 on IPv4 and 1398 on IPv6, and pass PPPoE, VXLAN and most tunnels.
	PacketSize = 1350
	// DatagramSize is the largest payload of a QUIC datagram in such a packet,
	// flow id included: 1350 - 37.
	DatagramSize = 1313
	// MaxPacketSize is the largest RTP packet that fits, after a flow id of two
	// bytes: 1313 - 2.
	MaxPacketSize = 1311

	// FallbackPacketSize is used on paths where 1350 does not pass: 1252 bytes
	// are 1280 on IPv4 and 1300 on IPv6, 52 above the least QUIC accepts.
	FallbackPacketSize = 1252
	// FallbackDatagramSize is the largest datagram payload there: 1252 - 37.
	FallbackDatagramSize = 1215
	// FallbackMaxPacketSize is the largest RTP packet there, after a flow id of
	// two bytes: 1215 - 2.
	FallbackMaxPacketSize = 1213

	// packetOverhead is what a QUIC packet costs beside its datagram, see above.
	packetOverhead = PacketSize - DatagramSize
	// connectionIDLength makes a full datagram fill the packet to the last byte:
	// the library accepts datagrams up to 37 bytes below the packet size and
	// spends 22 beside the connection id.
	connectionIDLength = 15
)

// Flow ids that are not media. Ids from MinMediaFlow to MaxMediaFlow take
// exactly two bytes on the wire (RFC 9000 §16); media uses only these, so that
// the size of a datagram does not depend on the flow.
const (
	MinMediaFlow = 64
	MaxMediaFlow = 16383
	// FragmentFlow is reserved on "classrelay/1": its payloads are parts of
	// datagrams that were too large for the path.
	FragmentFlow = 2
	// MaxFlow is the largest id a varint can hold.
	MaxFlow = 1<<62 - 1
)
