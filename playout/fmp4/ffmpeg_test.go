package fmp4

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/media"
)

func TestFFmpegDecodesEveryPictureOfTheClip(t *testing.T) {
	ffmpegtest.Need(t, "ffmpeg")
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	for i := range r.clip.Len() {
		r.picture(40 * float64(i))
	}
	file := filepath.Join(t.TempDir(), "stream.mp4")
	if err := os.WriteFile(file, r.stream.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	came, shown := ffmpegtest.Decoded(t, file, "v"), ffmpegtest.Decoded(t, "../../bench/camera/clip/main.h264", "v")
	if len(shown) != r.clip.Len() {
		t.Fatalf("the clip has %d pictures, not %d", r.clip.Len(), len(shown))
	}
	equal(t, "pictures", came, shown...)
}

func TestFFmpegHearsSilence(t *testing.T) {
	ffmpegtest.Need(t, "ffmpeg")
	mono := *aacTrack
	mono.FMTP = map[string]string{"config": "1188", "sizelength": "13"}
	for _, c := range []struct {
		name  string
		track *media.Track
	}{{"AAC, stereo", aacTrack}, {"AAC, mono", &mono}, {"Opus", opusTrack}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, h264Track, c.track)
			r.m.PictureReport(ms(0), videoStamp(0))
			for i := range 50 {
				r.picture(40 * float64(i))
			}
			file := filepath.Join(t.TempDir(), "stream.mp4")
			if err := os.WriteFile(file, r.stream.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			pcm := ffmpegtest.Run(t, "ffmpeg", "-xerror", "-err_detect", "explode", "-i", file, "-map", "0:a", "-f", "s16le", "-")
			if len(pcm) < 48000*2 {
				t.Fatalf("%d bytes of sound", len(pcm))
			}
			if len(bytes.Trim(pcm, "\x00")) > 0 {
				t.Error("it is not silent")
			}
		})
	}
}

// bFrames has ffmpeg encode some pictures that refer to later ones.
func bFrames(t *testing.T) (frames [][][]byte) {
	t.Helper()
	ffmpegtest.Need(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "b.h264")
	ffmpegtest.Run(t, "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=1", "-c:v", "libx264",
		"-preset", "ultrafast", "-x264-params", "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0:slices=1", "-f", "h264", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var units h264.AnnexB
	if err := units.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	var frame [][]byte
	for _, u := range units {
		frame = append(frame, u)
		if typ := u[0] & 0x1f; typ == 1 || typ == 5 {
			frames, frame = append(frames, frame), nil
		}
	}
	return frames
}
