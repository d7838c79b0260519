package roq

import (
	"errors"
	"fmt"
	"time"
)

// streamFor is how long a packet without a deadline may take to get onto a
// stream before it is given up.
const streamFor = time.Second

// send puts one packet on the connection; the writer's goroutine calls it. The
// path's size is not kept here: the library knows it at every moment and says
// so, which costs one comparison.
func (s *Session) send(flow uint64, packet []byte, deadline time.Time) error {
	s.scratch = AppendDatagram(s.scratch[:0], flow, packet)
	err := s.conn.SendDatagram(s.scratch)
	if err == nil {
		return nil
	}
	return s.sendLarge(flow, packet, deadline, err)
}

// sendLarge sends a packet that did not fit a datagram, if that is what the error
// says.
func (s *Session) sendLarge(flow uint64, packet []byte, deadline time.Time, err error) error {
	var large *TooLargeError
	switch {
	case !errors.As(err, &large):
		return err
	case s.cfg.Relay:
		s.flows.count.split.Add(1)
		return s.splitter.split(s.scratch, large.Max, s.conn.SendDatagram)
	default:
		return s.sendOnStream(flow, packet, deadline)
	}
}

// sendOnStream puts one packet on a stream of its own, so that it never waits
// for another one (draft §5.2).
func (s *Session) sendOnStream(flow uint64, packet []byte, deadline time.Time) error {
	stream, err := s.conn.OpenUniStream()
	if err != nil {
		return s.onePacket(fmt.Errorf("open stream: %w", err))
	}
	if deadline.IsZero() {
		deadline = time.Now().Add(streamFor)
	}
	// Setting a deadline on an open stream does not fail.
	_ = stream.SetWriteDeadline(deadline)
	w := NewPacketWriter(stream, flow)
	if err := w.Write(packet); err != nil {
		w.Cancel(FrameCancelled)
		return s.onePacket(fmt.Errorf("write on stream: %w", err))
	}
	s.flows.count.streamed.Add(1)
	return w.Close()
}

// onePacket tells an error that concerns one packet from the connection's end.
func (s *Session) onePacket(err error) error {
	if s.conn.Context().Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", errNotSent, err)
}

// OpenStream opens a unidirectional stream for a flow, for packets that must
// arrive whatever their size. It fails at once when the peer allows no more
// streams.
func (s *Session) OpenStream(flow uint64) (*PacketWriter, error) {
	if flow > MaxFlow || s.cfg.Relay && flow == FragmentFlow {
		return nil, fmt.Errorf("open stream for flow %d: %w", flow, errFlow)
	}
	stream, err := s.conn.OpenUniStream()
	if err != nil {
		return nil, fmt.Errorf("open stream for flow %d: %w", flow, err)
	}
	return NewPacketWriter(stream, flow), nil
}
