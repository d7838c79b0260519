package fmp4

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"

	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/internal/mediatest"
	"github.com/classrelay/classrelay/media"
)

func TestAStillIsTheFirstKeyFrame(t *testing.T) {
	clip, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: 1200, PacketizationMode: 1}
	if err := e.Init(); err != nil {
		t.Fatal(err)
	}
	var all []*media.Packet
	first := 0
	for i := range uint64(2) {
		packets, err := e.Encode(clip.Picture(media.LayerMain, i).NALs)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			all = append(all, mediatest.Packet(t, media.LayerMain, media.H264, epoch, time.Time{}, p))
		}
		if i == 0 {
			first = len(all)
		}
	}
	mime, data, err := Still(h264Track, all)
	if err != nil || mime != `video/mp4; codecs="avc1.640028"` {
		t.Fatalf("%s: %v", mime, err)
	}
	if _, _, err := Still(h264Track, all[:first-1]); !errors.Is(err, ErrNoKeyFrame) {
		t.Errorf("without its end: %v", err)
	}
	if _, _, err := Still(h264Track, all[first:]); !errors.Is(err, ErrNoKeyFrame) {
		t.Errorf("without the key frame: %v", err)
	}
	if _, _, err := Still(pcmaTrack, all); !errors.Is(err, ErrCodec) {
		t.Errorf("of a sound: %v", err)
	}
	ffmpegtest.Need(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "still.mp4")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	shown := ffmpegtest.Decoded(t, "../../bench/camera/clip/main.h264", "v")
	equal(t, "pictures", ffmpegtest.Decoded(t, file, "v"), shown[0])
}
