package selftest

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/media"
)

const (
	// truthLimit is how far the camera's stamps and the echo may be apart.
	truthLimit = 2 * time.Millisecond
	// picture is how often a frame leaves, and an echo half-way between.
	picture = 40 * time.Millisecond
)

// What a datagram is, by its first byte.
const (
	isFrame = 'f'
	isEcho  = 'e'
)

// watcher stands at the far end: it reads the stamps of frames as the bench's viewer
// does, and sends the rest back.
type watcher struct {
	socket *net.UDPConn
	took   []time.Duration // from a frame's stamp to its arrival
}

// truth sends stamped frames and plain echoes over the same relay, and compares.
func truth(ctx context.Context, d time.Duration, log *zap.Logger) ([]Row, error) {
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := netem.Profile{Rate: flood, Delay: 3 * oneWay}
	r, err := netem.New(netem.Config{Listen: "127.0.0.1:0", Target: socket.LocalAddr().String(), Up: p, Down: p}, log)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	stop := running(ctx, r.Run)
	w := &watcher{socket: socket}
	var far sync.WaitGroup
	far.Go(w.watch) // ends when its socket is closed
	echoes, err := ask(ctx, r.Addr().String(), d)
	err = errors.Join(err, socket.Close(), stop())
	far.Wait()
	if err != nil || len(w.took) == 0 || len(echoes) == 0 {
		return nil, errors.Join(err, ctx.Err())
	}
	frame, half := median(w.took), median(echoes)/2
	return []Row{
		shown("truth", "frame by the camera's stamp, p50", "ms", millis(frame)),
		shown("truth", "half of a plain echo, p50", "ms", millis(half)),
		atMost("truth", "apart", "ms", millis((frame - half).Abs()), millis(truthLimit)),
	}, nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// watch reads until the socket is closed.
func (w *watcher) watch() {
	buf := make([]byte, 2000)
	for {
		n, from, err := w.socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		now := time.Now()
		if n > 0 && buf[0] == isEcho {
			_, _ = w.socket.WriteToUDPAddrPort(buf[:n], from)
			continue
		}
		if s, err := stamp.Verify(media.H264, unpack(buf[1:n])); err == nil {
			w.took = append(w.took, now.Sub(s.Sent))
		}
	}
}

// ask sends a frame and an echo in turn, and returns how long the echoes took.
func ask(ctx context.Context, to string, d time.Duration) ([]time.Duration, error) {
	c, err := net.Dial("udp", to) //nolint:noctx // UDP: at once
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	source := camera.Synthetic{SubRate: 160_000, Seed: 1} // 800 bytes a picture, one datagram each
	var took []time.Duration
	buf := make([]byte, 100)
	for i, end := uint64(1), time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; i++ {
		pic := source.Picture(media.LayerSub, i%40) // never a key picture but the first, which is larger
		au := stamp.Append(media.H264, pic.NALs, stamp.Stamp{Sent: time.Now(), Number: i, Layer: media.LayerSub})
		if _, err := c.Write(pack(au)); err != nil {
			return took, err
		}
		_ = pause.For(ctx, picture/2)
		asked := time.Now()
		if _, err := c.Write([]byte{isEcho}); err != nil {
			return took, err
		}
		_ = c.SetReadDeadline(asked.Add(time.Second))
		if _, err := c.Read(buf); err != nil {
			continue // late or lost: neither an answer
		}
		took = append(took, time.Since(asked))
	}
	return took, nil
}

// pack puts NAL units in a datagram, each behind its length.
func pack(au [][]byte) []byte {
	b := []byte{isFrame}
	for _, nal := range au {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(nal))), nal...)
	}
	return b
}

// unpack is the inverse of pack; what is cut short ends it.
func unpack(b []byte) (au [][]byte) {
	for len(b) >= 2 {
		n := int(binary.BigEndian.Uint16(b))
		if n > len(b)-2 {
			break
		}
		au, b = append(au, b[2:2+n]), b[2+n:]
	}
	return au
}
