package truth

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/classrelay/classrelay/bench/camera"
)

// pictures in a film: 4 s, two groups, so that a film is made in seconds and a frame
// that shows the wrong group is still found.
const pictures = 100

// scene moves all over, with a sensor's noise, so that any rate can be filled; the
// noise is seeded and so the same each time.
const scene = "testsrc2=size=1920x1080:rate=25,format=yuv420p,noise=alls=8:allf=t:all_seed=1,split[main][big];" +
	"[big]scale=640:360:flags=area[sub]"

// shoot has ffmpeg make a film: the structure is that of the clip in the program
// (camera/clip/make.sh), the rates are those asked for.
func (l *Library) shoot(ctx context.Context, want rates) (*camera.Clip, error) {
	files := [2]string{filepath.Join(l.dir, "main.h264"), filepath.Join(l.dir, "sub.h264")}
	args := []string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-filter_complex", scene}
	args = append(args, stream("[main]", "high", want.main, files[0])...)
	args = append(args, stream("[sub]", "main", want.sub, files[1])...)
	cmd := exec.CommandContext(ctx, l.ffmpeg.path, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make a film with ffmpeg, which has to have libx264: %w: %s",
			err, strings.Join(lines(string(out)), "; "))
	}
	var streams [2][]byte
	for i, name := range files {
		var err error
		if streams[i], err = os.ReadFile(name); err != nil { //nolint:gosec // a path of our own
			return nil, err
		}
	}
	return camera.NewClip(streams[0], streams[1])
}

// stream is one layer: closed groups of 50, no B-frames, one slice a picture, a
// buffer of half a second as live cameras keep it.
func stream(from, profile string, rate int, to string) []string {
	return []string{
		"-map", from, "-frames:v", strconv.Itoa(pictures), "-c:v", "libx264", "-preset", "veryfast",
		"-profile:v", profile, "-refs", "2", "-pix_fmt", "yuv420p",
		"-b:v", strconv.Itoa(rate), "-maxrate", strconv.Itoa(rate), "-bufsize", strconv.Itoa(rate / 2),
		"-x264-params", "keyint=50:min-keyint=50:scenecut=0:bframes=0:open-gop=0:repeat-headers=1:aud=0:slices=1",
		"-bsf:v", "filter_units=remove_types=6", // the encoder's own SEI messages
		"-f", "h264", to,
	}
}
