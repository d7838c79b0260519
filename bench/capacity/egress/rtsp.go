package egress

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/internal/freeport"
)

// rtspOutlet is gortsplib's server with one stream, which every receiver plays
// over TCP.
type rtspOutlet struct {
	server  *gortsplib.Server
	stream  *gortsplib.ServerStream
	video   *description.Media
	playing atomic.Int64
	seq     uint16
	bytes   int
	packets int
}

func openRTSP() (*rtspOutlet, error) {
	r := &rtspOutlet{video: &description.Media{
		Type:    description.MediaTypeVideo,
		Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}
	r.server = &gortsplib.Server{Handler: r, RTSPAddress: freeport.Address(), WriteQueueSize: 1024}
	if err := r.server.Start(); err != nil {
		return nil, err
	}
	r.stream = &gortsplib.ServerStream{
		Server: r.server, Desc: &description.Session{Medias: []*description.Media{r.video}},
	}
	if err := r.stream.Initialize(); err != nil {
		r.server.Close()
		return nil, err
	}
	return r, nil
}

func (r *rtspOutlet) Addr() string { return r.server.RTSPAddress }

// Await looks every 20 ms: the players come within a second or two.
func (r *rtspOutlet) Await(ctx context.Context, receivers int) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for r.playing.Load() < int64(receivers) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *rtspOutlet) Picture(packets [][]byte) error {
	receivers := int(r.playing.Load())
	for _, raw := range packets {
		var p rtp.Packet
		if err := p.Unmarshal(raw); err != nil {
			return fmt.Errorf("a packet of our own: %w", err)
		}
		r.seq++
		p.SequenceNumber = r.seq
		if err := r.stream.WritePacketRTP(r.video, &p); err != nil {
			return err
		}
		r.bytes += receivers * len(raw)
		r.packets += receivers
	}
	return nil
}

func (r *rtspOutlet) Sent() tally { return tally{bytes: r.bytes, packets: r.packets} }

func (r *rtspOutlet) Close() error {
	r.stream.Close()
	r.server.Close()
	return nil
}

// OnDescribe is called by gortsplib for a receiver.
func (r *rtspOutlet) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (
	*base.Response, *gortsplib.ServerStream, error,
) {
	return &base.Response{StatusCode: base.StatusOK}, r.stream, nil
}

// OnSetup is called by gortsplib for a receiver.
func (r *rtspOutlet) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, r.stream, nil
}

// OnPlay is called by gortsplib for a receiver.
func (r *rtspOutlet) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	r.playing.Add(1)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// play receives over RTSP until ctx ends.
func play(ctx context.Context, addr string, got *atomic.Int64) error {
	u, err := base.ParseURL("rtsp://" + addr + "/x")
	if err != nil {
		return err
	}
	tcp := gortsplib.TransportTCP
	c := &gortsplib.Client{
		Scheme: u.Scheme, Host: u.Host, Transport: &tcp,
		OnPacketsLost: func(uint64) {}, OnDecodeError: func(error) {}, // it shows in what arrived
	}
	if err := c.Start2(); err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, c.Close)
	defer stop()
	session, _, err := c.Describe(u)
	if err != nil {
		return err
	}
	if err := c.SetupAll(session.BaseURL, session.Medias); err != nil {
		return err
	}
	c.OnPacketRTPAny(func(_ *description.Media, _ format.Format, p *rtp.Packet) { got.Add(int64(p.MarshalSize())) })
	if _, err := c.Play(nil); err != nil {
		return err
	}
	if err := c.Wait(); ctx.Err() == nil && err != nil {
		return errors.Join(errors.New("the sender has gone"), err)
	}
	return nil
}
