package rtsp

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/relay/access"
)

// announce pushes a session of one H.264 track and returns the client.
func (s *school) announce(t *testing.T, host, url string) (*gortsplib.Client, *description.Session, error) {
	t.Helper()
	c := s.client(t, host)
	desc := &description.Session{Medias: []*description.Media{{
		Type:    description.MediaTypeVideo,
		Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
	}}}
	return c, desc, c.StartRecording(url, desc)
}

func TestSecondPusherIsRefusedUntilTheFirstHasGone(t *testing.T) {
	teach(t, access.Config{Push: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		url := "rtsp://10.0.0.1:8554/room-7"
		first, _, err := s.announce(t, "10.0.0.8", url)
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := s.announce(t, "10.0.0.9", url)
		var bad liberrors.ErrClientBadStatusCode
		if !errors.As(err, &bad) || bad.Code != base.StatusForbidden || !strings.Contains(bad.Message, "10.0.0.8") {
			t.Errorf("the second pusher got %v", err)
		}
		second.Close()
		first.Close()
		synctest.Wait()
		third, _, err := s.announce(t, "10.0.0.9", url)
		if err != nil {
			t.Errorf("the place was not given back: %v", err)
		}
		third.Close()
	})
}

func TestPusherThatNeverRecordsLosesItsPlace(t *testing.T) {
	teach(t, access.Config{Push: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		u := parse(t, "rtsp://10.0.0.1:8554/room-7")
		c := s.client(t, "10.0.0.8")
		c.Scheme, c.Host = u.Scheme, u.Host
		if err := c.Start2(); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		desc := &description.Session{Medias: []*description.Media{{
			Type:    description.MediaTypeVideo,
			Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}},
		}}}
		if _, err := c.Announce(u, desc); err != nil {
			t.Fatal(err)
		}
		time.Sleep(recordWithin + time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held["room-7"] != "" {
			t.Error("the place is still held")
		}
	})
}

func TestPushedPictureIsPlayed(t *testing.T) {
	teach(t, access.Config{Push: anywhere, Watch: anywhere}, nil, func(t *testing.T, s *school) {
		t.Helper()
		c, desc, err := s.announce(t, "10.0.0.8", "rtsp://10.0.0.1:8554/room-7")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		write := func(i int) {
			payload := []byte{24, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 0, 3, 0x68, 1, 2, 0, 3, 0x65, 1, 2}
			if i%25 != 0 {
				payload = []byte{0x41, 1, 2}
			}
			err := c.WritePacketRTP(desc.Medias[0], &rtp.Packet{
				Header: rtp.Header{
					Version: 2, Marker: true, PayloadType: 96, SequenceNumber: uint16(i),
					Timestamp: uint32(i * 3600), SSRC: 5,
				},
				Payload: payload,
			})
			if err != nil {
				t.Fatal(err, s.seen.All())
			}
			time.Sleep(40 * time.Millisecond)
		}
		for i := range 25 {
			write(i)
		}
		v, k, _ := s.watch(t, "10.0.0.9", "rtsp://10.0.0.1:8554/room-7")
		defer v.Close()
		for i := range 50 {
			write(25 + i)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.packets) < 50 {
			t.Errorf("%d packets came", len(k.packets))
		}
	})
}
