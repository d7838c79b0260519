package roq

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/apernet/quic-go/quicvarint"
)

// maxStreamPacket bounds the length prefix of a packet on a stream. RTP over UDP
// cannot be longer, and a peer must not make us allocate more.
const maxStreamPacket = math.MaxUint16

// AppendStreamHeader appends what leads a RoQ stream: the flow id (draft §5.2).
func AppendStreamHeader(dst []byte, flow uint64) []byte {
	return quicvarint.Append(dst, flow&MaxFlow)
}

// AppendStreamPacket appends one packet in the form it has on a stream: its
// length as a varint, then its bytes.
func AppendStreamPacket(dst, packet []byte) []byte {
	return append(quicvarint.Append(dst, uint64(len(packet))), packet...)
}

// PacketReader reads the packets of one RoQ stream. Not safe for concurrent use.
type PacketReader struct {
	flow uint64
	r    *bufio.Reader
}

// NewPacketReader reads the flow id that leads the stream and returns a reader
// for the packets behind it.
func NewPacketReader(r io.Reader) (*PacketReader, error) {
	// 2 KB hold one full packet with its length; streams are many and short.
	br := bufio.NewReaderSize(r, 2048)
	flow, err := quicvarint.Read(br)
	if err != nil {
		return nil, framingError("flow id of stream", err)
	}
	return &PacketReader{flow: flow, r: br}, nil
}

// Flow is the flow the stream belongs to.
func (p *PacketReader) Flow() uint64 { return p.flow }

// Read returns the next packet, in a slice of its own. It returns io.EOF at the
// end of the stream and an error that wraps ErrFraming if the stream ends inside
// a packet or a packet is empty or longer than 65,535 bytes.
func (p *PacketReader) Read() ([]byte, error) {
	if _, err := p.r.Peek(1); err != nil {
		return nil, err
	}
	n, err := quicvarint.Read(p.r)
	if err != nil {
		return nil, framingError("length", err)
	}
	if n == 0 || n > maxStreamPacket {
		return nil, fmt.Errorf("%w: packet of %d bytes on flow %d", ErrFraming, n, p.flow)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(p.r, b); err != nil {
		return nil, framingError("packet", err)
	}
	return b, nil
}

// framingError tells a stream that ended in the wrong place, which is the peer's
// mistake, from a stream that failed.
func framingError(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: stream ends inside the %s", ErrFraming, what)
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// PacketWriter writes packets to one RoQ stream. Not safe for concurrent use.
type PacketWriter struct {
	stream SendStream
	buf    []byte
	led    bool // the flow id is on its way
}

// NewPacketWriter returns a writer for the packets of a flow. The flow id goes
// out together with the first packet.
func NewPacketWriter(stream SendStream, flow uint64) *PacketWriter {
	return &PacketWriter{stream: stream, buf: AppendStreamHeader(nil, flow)}
}

// Write sends one packet. It may block on the flow control of the stream.
func (p *PacketWriter) Write(packet []byte) error {
	if len(packet) == 0 || len(packet) > maxStreamPacket {
		return fmt.Errorf("%w: packet of %d bytes on a stream", ErrFraming, len(packet))
	}
	if p.led {
		p.buf = p.buf[:0]
	}
	p.buf = AppendStreamPacket(p.buf, packet)
	p.led = true
	_, err := p.stream.Write(p.buf)
	return err
}

// Close ends the stream; what was written still arrives.
func (p *PacketWriter) Close() error { return p.stream.Close() }

// Cancel ends the stream at once; what was written may not arrive.
func (p *PacketWriter) Cancel(code ErrorCode) { p.stream.CancelWrite(code) }
