package rtsp

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/access"
)

// These tests use ffmpeg as pusher, player and judge, on real sockets.

// film makes a clip of four seconds and returns its file.
func film(t *testing.T, codec ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.mp4")
	ffmpegtest.Run(t, "ffmpeg", append(append([]string{
		"-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=4",
		"-f", "lavfi", "-i", "sine=r=48000:d=4",
	}, codec...), "-g", "25", "-shortest", file)...)
	return file
}

// serve runs a server for the test and returns its base URL.
func serve(t *testing.T, h *hub) string {
	t.Helper()
	at := freeport.Local(freeport.Row(2)) // TCP, and UDP with the next one
	rules, err := access.New(access.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Listen: at, RTP: at}, h, rules, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "rtsp://" + at
}

// push has ffmpeg push a file in real time, again and again until the test ends.
func push(t *testing.T, file, url, transport string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", file,
		"-c", "copy", "-f", "rtsp", "-rtsp_transport", transport, url)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
}

type probe struct {
	Streams []struct {
		CodecName string `json:"codec_name"`
		Width     int    `json:"width"`
	} `json:"streams"`
	Packets []struct {
		Stream int    `json:"stream_index"`
		PTS    string `json:"pts_time"`
		Flags  string `json:"flags"`
	} `json:"packets"`
}

func TestFFmpegPushesAndPlays(t *testing.T) {
	ffmpegtest.NeedLong(t, "ffmpeg", "ffprobe")
	for _, c := range []struct {
		name, video string
		codec       []string
		transport   string
		sets        string // NAL unit types of parameter sets
	}{
		{
			"H.264 and AAC over TCP", "h264",
			[]string{"-c:v", "libx264", "-bf", "0", "-preset", "ultrafast", "-c:a", "aac"},
			"tcp", "7-8",
		},
		{
			"H.265 and AAC over UDP", "hevc",
			[]string{
				"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=error",
				"-c:a", "aac",
			},
			"udp", "32-34",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := film(t, c.codec...)
			h := newHub(t)
			h.feed("room-7")
			url := serve(t, h) + "/room-7"
			push(t, file, url, c.transport)
			out := filepath.Join(t.TempDir(), "out.mkv")
			ffmpegtest.Run(t, "ffmpeg", "-rtsp_transport", c.transport, "-i", url, "-t", "3", "-c", "copy", out)

			got := probed(t, out)
			if len(got.Streams) != 2 || got.Streams[0].CodecName != c.video || got.Streams[0].Width != 640 {
				t.Fatalf("streams: %+v", got.Streams)
			}
			if len(got.Packets) == 0 || got.Packets[0].Flags[0] != 'K' {
				t.Error("the recording does not begin with a key frame")
			}
			sent, came := units(t, file, c.sets), units(t, out, c.sets)
			if len(came) < 60 {
				t.Errorf("%d frames in three seconds", len(came))
			}
			for i, hash := range came {
				if !slices.Contains(sent, hash) {
					t.Errorf("frame %d is not one of those pushed", i)
				}
			}
		})
	}
}

func probed(t *testing.T, file string) probe {
	t.Helper()
	var p probe
	out := ffmpegtest.Run(t, "ffprobe", "-of", "json", "-show_streams", "-show_packets", file)
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// units hashes the picture's access units, without the parameter sets: a file
// keeps those apart, and on our way they stand in front of every key frame.
func units(t *testing.T, file, sets string) []string {
	t.Helper()
	return ffmpegtest.Hashes(t, "-i", file, "-map", "0:v", "-c", "copy", "-bsf:v", "filter_units=remove_types="+sets)
}
