package fmp4

import (
	"testing"

	"github.com/pion/rtp"

	"github.com/classrelay/classrelay/media"
)

// FuzzMuxer feeds packets as a peer could send them: each is a byte of flags, one of
// length, two of timestamp and a payload. What comes out must be readable.
func FuzzMuxer(f *testing.F) {
	key := append([]byte{24}, 0, 25)
	f.Add(uint8(0), append(append([]byte{1, 28, 0, 1}, key...), make([]byte, 25)...))
	f.Add(uint8(1), []byte{1, 3, 0, 1, 0x40, 1, 2, 1, 3, 0, 1, 0x42, 1, 2, 1, 3, 0, 1, 0x26, 1, 2})
	f.Add(uint8(2), []byte{3, 6, 0, 0, 0, 16, 0, 16, 1, 2, 3, 3, 0, 0, 0xfc, 0xff, 0xfe})
	sps := h265SPS()
	f.Add(uint8(1), append([]byte{1, byte(len(sps)), 0, 0}, sps...))
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		video, audio := h264Track, aacTrack
		if kind&1 != 0 {
			video = h265Track
		}
		if kind&2 != 0 {
			audio = opusTrack
		}
		if kind&4 != 0 {
			video = nil
		}
		r := newRig(t, video, audio)
		for len(b) >= 4 {
			flags, n, stamp := b[0], int(b[1]), uint32(b[2])<<20|uint32(b[3])<<8
			b = b[4:]
			n = min(n, len(b))
			p := &rtp.Packet{
				Header:  rtp.Header{Version: 2, Marker: flags&1 != 0, SequenceNumber: r.seq, Timestamp: stamp},
				Payload: b[:n:n],
			}
			b = b[n:]
			r.seq++
			switch {
			case flags&4 != 0:
				r.m.PictureReport(ms(float64(stamp>>12)), stamp)
			case flags&8 != 0:
				r.m.SoundReport(ms(float64(stamp>>12)), stamp)
			case flags&2 != 0:
				r.m.Sound(p)
			default:
				r.m.Picture(p)
			}
			r.drain()
		}
	})
}

// FuzzSound feeds what a peer could say about a sound.
func FuzzSound(f *testing.F) {
	f.Add("1190", "13", 48000)
	f.Add("2b8a0800", "13", 44100)
	f.Fuzz(func(t *testing.T, config, size string, rate int) {
		track := &media.Track{Codec: media.AAC, ClockRate: rate, FMTP: map[string]string{"config": config, "sizelength": size}}
		if track.Validate() != nil {
			return
		}
		m := NewMuxer()
		if m.Attach(nil, track) != nil {
			return
		}
		m.SoundReport(epoch, 0)
		m.Sound(&rtp.Packet{Payload: []byte{0, 32, 0, 8, 0, 8, 1, 2}})
		m.Sound(&rtp.Packet{Header: rtp.Header{Timestamp: 1 << 16}, Payload: []byte{0, 32, 0, 8, 0, 8, 1, 2}})
		if _, ok := m.Pop(); !ok {
			t.Error("nothing came out")
		}
	})
}
