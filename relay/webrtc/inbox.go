package webrtc

import (
	"io"
	"time"

	"github.com/pion/transport/v5/packetio"
)

// inbox is where pion puts what comes from a page until somebody reads it. Transport-
// wide feedback does not go in there: it names any stream of the connection as its
// own, also that of the retransmissions, which nobody reads. It goes to the steering
// at once.
type inbox struct {
	*packetio.Buffer
	steer *steering
	rtcp  bool
}

// inboxSize is how many bytes may lie there, as pion has it for RTCP. A page that
// watches sends no RTP.
const inboxSize = 100 << 10

// inbox makes one for a stream of the page's.
func (s *steering) inbox(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	b := packetio.NewBuffer()
	b.SetLimitSize(inboxSize)
	return &inbox{b, s, kind == packetio.RTCPBufferPacket}
}

// Read implements io.Reader: one packet.
func (b *inbox) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	return n, err
}

// Write implements io.Writer: one packet.
func (b *inbox) Write(raw []byte) (int, error) {
	const format, packetType = 15, 205 // RFC 4585 §6.1
	if b.rtcp && len(raw) > 1 && raw[0]&0x1f == format && raw[1] == packetType {
		b.steer.feedback(time.Now(), raw)
		return len(raw), nil
	}
	return b.Buffer.Write(raw, nil)
}
