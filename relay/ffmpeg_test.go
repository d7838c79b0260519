package relay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// What ffmpeg pushes to a hub, or a hub pulls from a camera, ffmpeg must get at a
// branch to the last bit: real programs, real sockets, real time.

// film is a clip of four seconds and how it is encoded.
type film struct {
	name  string
	codec media.Codec
	args  []string
}

func films() []film {
	return []film{
		{"H.264 and AAC", media.H264, []string{
			"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac",
		}},
		{"H.264 with B-frames, and A-law", media.H264, []string{
			"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1",
		}},
		{"H.265 and Opus", media.H265, []string{
			"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=error", "-c:a", "libopus",
		}},
	}
}

// shoot makes the film and shows it fifteen times in one file. Noise makes every
// frame of the picture and of the sound one of its kind.
func (f film) shoot(ctx context.Context, dir string) (file string, err error) {
	once, minute := filepath.Join(dir, "once.mkv"), filepath.Join(dir, "minute.mkv")
	_, err = ffmpegtest.Try(ctx, "ffmpeg", append(append([]string{
		"-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=4,noise=alls=6:allf=t:all_seed=1",
		"-f", "lavfi", "-i", "anoisesrc=r=48000:d=4:a=0.1:seed=1",
	}, f.args...), "-g", "25", "-b:v", "700k", "-shortest", once)...)
	if err != nil {
		return "", err
	}
	_, err = ffmpegtest.Try(ctx, "ffmpeg", "-stream_loop", "14", "-i", once, "-c", "copy", minute)
	return minute, err
}

// shootAll makes the films, all at once.
func shootAll(t *testing.T) (files []string) {
	t.Helper()
	all := films()
	files, errs := make([]string, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, f := range all {
		dir := t.TempDir()
		wg.Go(func() { files[i], errs[i] = f.shoot(t.Context(), dir) }) // ends with ffmpeg
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return files
}

// feed is the film's name among the feeds.
func (f film) feed(prefix string) media.FeedID {
	return media.FeedID(prefix + "-" + strings.ToLower(strings.NewReplacer(" ", "-", ",", "").Replace(f.name)))
}

// showing is a feed, what is shown on it, and what was recorded of it.
type showing struct {
	feed           media.FeedID
	codec          media.Codec
	picture, sound []byte
	take           *take
}

func TestWhatFFmpegRecordsAtTheBranchIsWhatWasShown(t *testing.T) {
	ffmpegtest.NeedLong(t, "ffmpeg")
	files := shootAll(t)
	var shows []*showing
	for i, f := range films() {
		picture, sound := stream(f.codec, lengthPrefixed(t, packets(t, files[i], "v"))), packets(t, files[i], "a")
		for _, way := range []string{"push", "pull"} {
			shows = append(shows, &showing{f.feed(way), f.codec, picture, sound, nil})
		}
	}
	clip := bytes.Repeat(stream(media.H264, annexB(read(t, clipFile))), 3)
	shows = append(shows, &showing{"camera", media.H264, clip, nil, nil})

	for _, tr := range []config.Transport{config.TransportTCP, config.TransportUDP} {
		t.Run("over "+string(tr), func(t *testing.T) {
			s := openSchool(t, files, tr)
			for _, show := range shows {
				show.take = s.record(show.feed, tr, recording)
			}
			for _, show := range shows {
				t.Run(string(show.feed), func(t *testing.T) {
					lacks := show.check(t, tr)
					for i := 0; i < retakes && lacks != "" && !t.Failed(); i++ {
						t.Logf("once more: %s", lacks)
						show.take = s.record(show.feed, tr, recording)
						lacks = show.check(t, tr)
					}
					if lacks != "" {
						t.Error(lacks)
					}
				})
			}
		})
	}
}

// openSchool has every film pushed to the hub, and every film and the camera of the
// bench pulled by it.
func openSchool(t *testing.T, files []string, tr config.Transport) *school {
	t.Helper()
	camera := benchCamera(t)
	s := newSchool(t, func(gate *station) map[media.FeedID]config.Feed {
		feeds := map[media.FeedID]config.Feed{"camera": {Main: camera.url("main"), Transport: tr}}
		for _, f := range films() {
			feeds[f.feed("pull")] = config.Feed{Main: gate.url(f.feed("shown")), Transport: tr}
		}
		return feeds
	}, nil)
	for i, f := range films() {
		s.push(files[i], s.gate, f.feed("shown"), "tcp")
		s.push(files[i], s.hub, f.feed("push"), string(tr))
	}
	return s
}

const (
	recording = 7500 * time.Millisecond
	enough    = 100 // pictures
	// A machine that is busy with other things loses packets over UDP, and its pauses
	// look like a link that is too narrow: then pictures or a packet of sound are left
	// out, and the recording is made again, alone. Over TCP a picture that is not left
	// out is never changed.
	retakes = 2
)

// clipFile is what the camera of the bench shows: 200 pictures over and over.
const clipFile = "../bench/camera/clip/main.h264"

// benchCamera runs the camera of the bench: H.264 and A-law.
func benchCamera(t *testing.T) *station {
	t.Helper()
	at := addresses(1)[0]
	_, port, err := net.SplitHostPort(at.rtp)
	if err != nil {
		t.Fatal(err)
	}
	cfg := camera.Config{Listen: at.rtsp}
	if cfg.UDPPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	c, err := camera.New(cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	untilTheEnd(t, c.Run)
	return at
}

// check compares what was recorded with what was shown. No picture may be changed,
// and between two key frames none may be missing. At the beginning the end of a
// group may be: a link that is still sending a player the pictures it missed
// leaves them when a newer key frame comes. After that a hundred pictures must follow
// each other. Of sound a packet may be missing in the first second, with which a
// player catches up, and nothing after that. check says what is missing.
func (s *showing) check(t *testing.T, tr config.Transport) (lacks string) {
	t.Helper()
	s.take.wait(t)
	var whole []byte // the last groups, as far as nothing is missing between them
	n, ended := 0, false
	for _, g := range slices.Backward(groups(s.codec, annexB(s.take.picture))) {
		group := stream(s.codec, g)
		if !bytes.Contains(s.picture, group) {
			lacks = fmt.Sprintf("of %d bytes of a group of pictures the first %d are as they were shown",
				len(group), fits(s.picture, group))
			if tr == config.TransportTCP { // over UDP ffmpeg itself may have lost something
				t.Error(lacks)
			}
			return lacks
		}
		longer := slices.Concat(group, whole)
		if ended = ended || !bytes.Contains(s.picture, longer); !ended {
			whole = longer
			n += pictures(s.codec, g)
		}
	}
	shown := s.sound
	if shown == nil { // that of the camera repeats every second
		const second = 8000
		if len(s.take.sound) < 2*second || bytes.Count(s.take.sound, s.take.sound[:1]) == len(s.take.sound) {
			return "there is no sound, or only silence"
		}
		shown = bytes.Repeat(s.take.sound[:second], len(s.take.sound)/second+1)
	}
	sound := s.take.sound[skipped(shown, s.take.sound):]
	switch {
	case n < enough:
		return fmt.Sprintf("only the last %d pictures follow each other", n)
	case !bytes.Contains(shown, sound):
		return fmt.Sprintf("of %d bytes of sound the first %d are as they were shown", len(sound), fits(shown, sound))
	}
	return ""
}

// TestNoBrokenPictureLeavesABadLink is the same over a line with a round trip of
// 60 ms that loses 2 % of the packets in bursts of five, for twenty seconds. A
// picture may be missing then; none may be broken.
func TestNoBrokenPictureLeavesABadLink(t *testing.T) {
	ffmpegtest.NeedLong(t, "ffmpeg")
	bursty, err := netem.Named("bursty")
	if err != nil {
		t.Fatal(err)
	}
	camera := benchCamera(t)
	s := newSchool(t, func(*station) map[media.FeedID]config.Feed {
		return map[media.FeedID]config.Feed{"room": {Main: camera.url("main"), Transport: config.TransportTCP}}
	}, &netem.Config{Up: bursty, Down: bursty, Seed: 1})
	take := s.record("room", config.TransportTCP, 20*time.Second)
	take.wait(t)
	recorded := filepath.Join(t.TempDir(), "recorded.h264")
	if err := os.WriteFile(recorded, take.picture, 0o600); err != nil {
		t.Fatal(err)
	}
	shown, came := ffmpegtest.Decoded(t, clipFile, "v"), ffmpegtest.Decoded(t, recorded, "v")
	if len(came) < 400 {
		t.Errorf("%d of 500 pictures came", len(came))
	}
	at, left := 0, 0 // which picture is next in the clip, and how many were left out
	for i, hash := range came {
		next := slices.Index(slices.Concat(shown[at:], shown[:at]), hash)
		if next < 0 {
			t.Fatalf("picture %d of %d is not one of those that were shown", i, len(came))
		}
		if i > 0 {
			left += next
		}
		at = (at + next + 1) % len(shown)
	}
	if left > len(came)/2 { // else "in order" would say nothing
		t.Errorf("%d pictures were left out between %d", left, len(came))
	}
	t.Logf("%d pictures came, none of them broken; %d were left out between them", len(came), left)
}

// packets are the bytes of a file's packets of one kind, as they are in it.
func packets(t *testing.T, file, kind string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), kind)
	ffmpegtest.Run(t, "ffmpeg", "-i", file, "-map", "0:"+kind, "-c", "copy", "-f", "data", out)
	return read(t, out)
}

// skipped is where in the first second of sound something is missing; 0: nowhere.
func skipped(shown, came []byte) int {
	second := int(int64(len(came)) * int64(time.Second) / int64(recording))
	if n := fits(shown, came); n <= second {
		return n
	}
	return 0
}
