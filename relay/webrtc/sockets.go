package webrtc

import (
	"fmt"
	"net"
	"time"

	"github.com/pion/ice/v4"
)

const (
	// udpBuffer holds key frames on their way to thirty pages, and from some, in bytes.
	udpBuffer = 2 << 20
	// tcpBuffer bounds what the kernel holds for one page, in bytes, as for an RTSP
	// player: Linux would let it grow to eight seconds of a picture.
	tcpBuffer = 256 << 10
	// stalled is how long a page may take nothing over TCP before its connection is
	// cut. Everything of that page waits meanwhile, the answers to its checks, too.
	stalled = 2 * time.Second
	// tcpReads is how many packets from a page wait to be read, tcpStun how long a
	// connection may take to say whose it is.
	tcpReads = 64
	tcpStun  = 5 * time.Second
)

// maxStreams is how many TCP connections there may be: more pages than a node serves,
// fewer than it has file descriptors.
const maxStreams = 500

// sockets are the two ports all connections share.
type sockets struct {
	udp     *ice.UDPMuxDefault
	tcp     *ice.TCPMuxDefault
	streams *boundedListener
}

func (s *Server) openSockets() (*sockets, error) {
	packets, err := s.cfg.ListenPacket("udp", s.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen.webrtc: %w", err)
	}
	if u, ok := packets.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(udpBuffer) // as much of it as the system allows
		_ = u.SetWriteBuffer(udpBuffer)
	}
	streams, err := s.cfg.ListenTCP("tcp", sameport(s.cfg.Listen, packets.LocalAddr()))
	if err != nil {
		packets.Close()
		return nil, fmt.Errorf("listen.webrtc: %w", err)
	}
	logs, bounded := pionLogs{s.log}, newBoundedListener(streams)
	return &sockets{
		streams: bounded,
		udp:     ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: packets, Logger: logs.NewLogger("udp")}),
		tcp: ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener:             bounded,
			Logger:               logs.NewLogger("tcp"),
			ReadBufferSize:       tcpReads,
			FirstStunBindTimeout: tcpStun,
		}),
	}, nil
}

// sameport gives TCP the port that UDP got, where the configuration leaves it open.
func sameport(listen string, udp net.Addr) string {
	host, port, err := net.SplitHostPort(listen)
	if u, ok := udp.(*net.UDPAddr); ok && err == nil && port == "0" {
		return net.JoinHostPort(host, fmt.Sprint(u.Port))
	}
	return listen
}

func (s *sockets) close() {
	_ = s.udp.Close()  // nothing is left to be told
	s.streams.cutAll() // or the next line would wait for strangers who said nothing
	_ = s.tcp.Close()
}
