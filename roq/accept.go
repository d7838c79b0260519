package roq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

var errBidirectional = errors.New("peer opened a bidirectional stream")

// acceptPackets takes the streams of packets the peer opens. The library bounds
// how many are open at a time.
func (s *Session) acceptPackets(ctx context.Context) error {
	var streams sync.WaitGroup
	defer streams.Wait()
	for {
		stream, err := s.conn.AcceptUniStream(ctx)
		if err != nil {
			return fmt.Errorf("accept stream: %w", err)
		}
		// Ends with the stream, or with the connection; acceptPackets waits.
		streams.Go(func() { s.readStream(ctx, stream) })
	}
}

// readStream delivers the packets of one stream.
func (s *Session) readStream(ctx context.Context, stream ReceiveStream) {
	// Run may end while the connection's close is still to come.
	stopped := context.AfterFunc(ctx, func() { _ = stream.SetReadDeadline(time.Now()) })
	defer stopped()
	packets, err := NewPacketReader(stream)
	if err == nil && !s.awaitFlow(ctx, packets.Flow()) {
		s.flows.count.refused.Add(1)
		stream.CancelRead(UnknownFlowID)
		return
	}
	for err == nil {
		var packet []byte
		if packet, err = packets.Read(); err == nil {
			s.flows.deliver(Received{packets.Flow(), packet, time.Now()})
		}
	}
	if errors.Is(err, ErrFraming) {
		s.flows.count.malformed.Add(1)
		stream.CancelRead(PacketError)
	} else if !errors.Is(err, io.EOF) {
		stream.CancelRead(NoError) // has no effect on a stream that failed
	}
}

// awaitFlow waits until somebody asks for the flow, for as long as packets in
// datagrams would be held. Until then nothing is read: the stream's flow control
// keeps the rest at the sender.
func (s *Session) awaitFlow(ctx context.Context, flow uint64) bool {
	timeout := time.NewTimer(s.cfg.HoldFor)
	defer timeout.Stop()
	for {
		ok, changed := s.flows.known(flow)
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timeout.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// acceptControl takes the bidirectional streams that "classrelay/1" has, if the peer
// dialled: the control stream first, then those that OnStream takes. Any other ends the
// session and its connection: RoQ has none, and an endpoint that gets one must close
// (draft §5.2).
func (s *Session) acceptControl(ctx context.Context) error {
	wanted := s.cfg.Relay && s.cfg.Listener
	var streams sync.WaitGroup
	defer streams.Wait()
	for {
		stream, err := s.conn.AcceptStream(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("accept control stream: %w", err)
		case wanted:
			wanted = false
			s.control <- stream // has room for the one
		case s.cfg.Relay && s.cfg.Listener && s.cfg.OnStream != nil:
			// Ends with the stream, or with the connection; acceptControl waits.
			streams.Go(func() { s.named(ctx, stream) })
		default:
			s.flows.count.refused.Add(1)
			stream.CancelRead(StreamCreationError)
			return errBidirectional
		}
	}
}

// kindWithin bounds how long the byte that names a stream may be on its way: it comes
// with the stream.
const kindWithin = 5 * time.Second

// named hands a stream on once it has said what it is for.
func (s *Session) named(ctx context.Context, stream Stream) {
	// Run may end while the connection's close is still to come.
	stopped := context.AfterFunc(ctx, func() {
		_ = errors.Join(stream.SetReadDeadline(time.Now()), stream.SetWriteDeadline(time.Now()))
	})
	defer stopped()
	var kind [1]byte
	err := stream.SetReadDeadline(time.Now().Add(kindWithin))
	if err == nil && ctx.Err() == nil {
		_, err = io.ReadFull(stream, kind[:])
	}
	if err == nil {
		err = stream.SetReadDeadline(time.Time{})
	}
	if err != nil || ctx.Err() != nil {
		stream.CancelRead(StreamCreationError)
		stream.CancelWrite(StreamCreationError)
		return
	}
	s.cfg.OnStream(ctx, kind[0], stream)
}

// OpenNamed opens a bidirectional stream beside the control stream, on the side that
// dialled, once the control stream is in use. kind says what it is for. The peer must have
// said that it takes such streams: an older one ends the connection.
func (s *Session) OpenNamed(kind byte) (Stream, error) {
	if !s.cfg.Relay || s.cfg.Listener {
		return nil, fmt.Errorf("open stream %q: %w", kind, ErrPlain)
	}
	stream, err := s.conn.OpenStream()
	if err == nil {
		_, err = stream.Write([]byte{kind}) // the peer sees a stream only when something comes
	}
	if err != nil {
		return nil, fmt.Errorf("open stream %q: %w", kind, err)
	}
	return stream, nil
}

// Control returns the one bidirectional stream of a "classrelay/1" connection:
// opened here on the side that dialled, awaited on the other. The listening side
// sees it only once the dialling side has written something. Call it once.
func (s *Session) Control(ctx context.Context) (Stream, error) {
	if !s.cfg.Relay {
		return nil, fmt.Errorf("control stream: %w", ErrPlain)
	}
	if !s.cfg.Listener {
		stream, err := s.conn.OpenStream()
		if err != nil {
			return nil, fmt.Errorf("open control stream: %w", err)
		}
		return stream, nil
	}
	select {
	case stream := <-s.control:
		return stream, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("await control stream: %w", context.Cause(ctx))
	case <-s.conn.Context().Done():
		return nil, fmt.Errorf("await control stream: %w", context.Cause(s.conn.Context()))
	}
}
