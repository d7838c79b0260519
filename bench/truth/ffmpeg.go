package truth

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// ErrMissing says that there is no ffmpeg.
var ErrMissing = errors.New("ffmpeg is not on the PATH")

// FFmpeg is the decoder, a program of others. Its methods are safe for concurrent use.
type FFmpeg struct {
	path string
	// Version is what it calls itself, as in "5.1.9".
	Version string
}

// FindFFmpeg looks for it on the PATH.
func FindFFmpeg(ctx context.Context) (*FFmpeg, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, fmt.Errorf("%w: install ffmpeg or leave out --decode", ErrMissing)
	}
	out, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s -version: %w", path, err)
	}
	f := &FFmpeg{path: path, Version: "unknown"}
	if words := strings.Fields(string(out)); len(words) > 2 { // ffmpeg version 5.1.9 …
		f.Version = words[2]
	}
	return f, nil
}

// picture is one that came out of the decoder.
type picture struct {
	unit uint64 // number of the unit it came from
	hash string
}

// hashes decodes an IVF file and tells each picture in the order in which the
// decoder gives them. It returns what the decoder complained of.
func (f *FFmpeg) hashes(ctx context.Context, path string, tell func(picture)) (complaints []string, err error) {
	cmd := exec.CommandContext(ctx, f.path, "-nostdin", "-hide_banner", "-v", "error",
		"-max_error_rate", "1", // damage is ours to judge, not a reason to give up
		"-i", path, "-map", "0:v",
		"-fps_mode", "passthrough", "-copyts", // no picture twice or left out to keep the pace
		"-autoscale", "0", // main and sub stream keep their sizes
		"-f", "framehash", "-hash", "murmur3", "-") // 128 bits, a tenth of the time of MD5
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	wrong := readHashes(out, tell)
	_, _ = io.Copy(io.Discard, out) // so that Wait does not hang on what was not understood
	err = cmd.Wait()
	complaints = lines(said.String())
	if wrong != nil {
		return complaints, wrong
	}
	if err != nil {
		return complaints, fmt.Errorf("ffmpeg: %w: %s", err, strings.Join(complaints, "; "))
	}
	return complaints, nil
}

func lines(s string) (all []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// readHashes reads ffmpeg's framehash format: a head of lines with #, and for each
// picture "stream, dts, pts, duration, size, hash".
func readHashes(r io.Reader, tell func(picture)) error {
	num, den := uint64(1), uint64(ivfRate) // the time base, unless the head says otherwise
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		line := scan.Text()
		if base, ok := strings.CutPrefix(line, "#tb 0: "); ok {
			if _, err := fmt.Sscanf(base, "%d/%d", &num, &den); err != nil || num == 0 || den == 0 {
				return fmt.Errorf("ffmpeg's time base %q is none", base)
			}
		}
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) != 6 {
			return fmt.Errorf("ffmpeg's line %q has %d fields, 6 are wanted", line, len(fields))
		}
		pts, err := strconv.ParseUint(strings.TrimSpace(fields[2]), 10, 40)
		if err != nil {
			return fmt.Errorf("ffmpeg's line %q has no time", line)
		}
		tell(picture{unit: pts * num * ivfRate / den, hash: strings.TrimSpace(fields[5])})
	}
	return scan.Err()
}
