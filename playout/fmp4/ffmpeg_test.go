package fmp4

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"github.com/classrelay/classrelay/media"
)

// ffmpeg runs ffmpeg as judge and returns what it printed.
func ffmpeg(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed: this test needs it")
	}
	out, err := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-nostdin", "-v", "error"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// hashes decodes a file, stops at the slightest error, and hashes every frame of one
// kind.
func hashes(t *testing.T, file, kind string) (all []string) {
	t.Helper()
	out := ffmpeg(t, "-xerror", "-err_detect", "explode", "-i", file, "-map", "0:"+kind,
		"-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-")
	for line := range strings.Lines(out) {
		if f := strings.Split(strings.TrimSpace(line), ","); !strings.HasPrefix(line, "#") {
			all = append(all, strings.TrimSpace(f[len(f)-1]))
		}
	}
	return all
}

func TestFFmpegDecodesEveryPictureOfTheClip(t *testing.T) {
	r := newRig(t, h264Track, nil)
	r.reports(0, 0)
	for i := range r.clip.Len() {
		r.picture(40 * float64(i))
	}
	file := filepath.Join(t.TempDir(), "stream.mp4")
	if err := os.WriteFile(file, r.stream.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	came, shown := hashes(t, file, "v"), hashes(t, "../../bench/camera/clip/main.h264", "v")
	if len(shown) != r.clip.Len() {
		t.Fatalf("the clip has %d pictures, not %d", r.clip.Len(), len(shown))
	}
	equal(t, "pictures", came, shown...)
}

func TestFFmpegHearsSilence(t *testing.T) {
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
			pcm := ffmpeg(t, "-xerror", "-err_detect", "explode", "-i", file, "-map", "0:a", "-f", "s16le", "-")
			if len(pcm) < 48000*2 {
				t.Fatalf("%d bytes of sound", len(pcm))
			}
			if strings.Trim(pcm, "\x00") != "" {
				t.Error("it is not silent")
			}
		})
	}
}

// bFrames has ffmpeg encode some pictures that refer to later ones.
func bFrames(t *testing.T) (frames [][][]byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.h264")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=1", "-c:v", "libx264", "-preset", "ultrafast",
		"-x264-params", "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0:slices=1", "-f", "h264", file)
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
