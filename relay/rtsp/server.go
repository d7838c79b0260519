package rtsp

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/bluenviron/gortsplib/v4"
	"go.uber.org/zap"
)

const (
	// writeQueue is how many packets wait in gortsplib for one player's socket:
	// more than a key frame of 1080p (117 to 234 packets). A viewer holds the rest
	// back itself and drops by age, so a slow player is never far behind.
	writeQueue = 256
	// sendBuffer bounds what the kernel holds for one player, in bytes: Linux would
	// let it grow to 4 MB, eight seconds of a 4 Mbit/s picture for a player that
	// is slow. 256 KiB still carry 34 Mbit/s over 60 ms.
	sendBuffer = 256 << 10
	// receiveBuffer holds the key frames of several pushers over UDP, in bytes; they
	// come in one burst each.
	receiveBuffer = 2 << 20
)

// Server is the node's RTSP server. Its methods may be called from any goroutine.
type Server struct {
	cfg    Config
	node   Node
	access Access
	log    *zap.Logger
	rtsp   *gortsplib.Server
	open   bool
	// serving ends with Run, and with it what a request waits for.
	serving context.Context
	end     context.CancelFunc

	mu      sync.Mutex
	players map[*player]struct{}
}

// New checks the configuration; it opens nothing.
func New(cfg Config, node Node, rules Access, log *zap.Logger) (*Server, error) {
	cfg.setDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, node: node, access: rules, log: log, players: make(map[*player]struct{})}
	s.serving, s.end = context.WithCancel(context.Background())
	rtcp, err := cfg.rtcp()
	if err != nil {
		return nil, err
	}
	s.rtsp = &gortsplib.Server{
		Handler:                  &events{s},
		RTSPAddress:              cfg.Listen,
		UDPRTPAddress:            cfg.RTP,
		UDPRTCPAddress:           rtcp,
		WriteQueueSize:           writeQueue,
		DisableRTCPSenderReports: true, // playout sends them, with the time of capture
		Listen:                   s.listenTCP,
		ListenPacket:             s.listenUDP,
	}
	return s, nil
}

// Open opens the ports. Its error names the key. Run does it when it was not done.
func (s *Server) Open() error {
	if s.open {
		return nil
	}
	if err := s.rtsp.Start(); err != nil {
		return err
	}
	s.open = true
	return nil
}

// Run serves until ctx is done and then closes all sessions. It returns nil then,
// and an error when the server itself failed.
func (s *Server) Run(ctx context.Context) error {
	defer s.end()
	if err := s.Open(); err != nil {
		return err
	}
	s.log.Info("RTSP server listens", zap.String("rtsp", s.cfg.Listen), zap.String("rtp", s.cfg.RTP))
	failed := make(chan error, 1)
	go func() { failed <- s.rtsp.Wait() }() // ends by rtsp.Close below
	select {
	case <-ctx.Done():
		s.end()
		s.rtsp.Close()
		<-failed
		return nil
	case err := <-failed:
		s.rtsp.Close()
		return fmt.Errorf("listen.rtsp: %w", err)
	}
}

func (s *Server) listenTCP(network, address string) (net.Listener, error) {
	l, err := s.cfg.ListenTCP(network, address)
	if err != nil {
		return nil, fmt.Errorf("listen.rtsp: %w", err)
	}
	return boundedListener{l}, nil
}

func (s *Server) listenUDP(network, address string) (net.PacketConn, error) {
	c, err := s.cfg.ListenUDP(network, address)
	if err != nil {
		return nil, fmt.Errorf("listen.rtp: %w", err)
	}
	if udp, ok := c.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(receiveBuffer) // as much of it as the system allows
	}
	return c, nil
}

// boundedListener bounds the send buffer of what it accepts.
type boundedListener struct{ net.Listener }

// Accept waits for the next connection.
func (l boundedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		_ = tcp.SetWriteBuffer(sendBuffer) // the kernel's own bound is a poor one, not an error
	}
	return c, err
}
