package truth

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/media"
)

// Film is a camera.Source that every decoder can show, with a hash of each picture.
type Film struct {
	*camera.Clip

	hashes [media.LayerAudio][]string // main and sub
}

// hash of the index-th picture, which comes again after each round of the loop.
func (f *Film) hash(layer media.Layer, index uint64) string {
	all := f.hashes[layer]
	return all[index%uint64(len(all))]
}

// Library has the films of a bench, each made once. Safe for concurrent use.
type Library struct {
	ffmpeg *FFmpeg
	dir    string

	mu    sync.Mutex // held while a film is made, so that it is made once
	films map[rates]*Film
}

// rates of a film in bit/s; both 0 is the clip in the program.
type rates struct{ main, sub int }

// NewLibrary makes one that works in an empty folder.
func NewLibrary(f *FFmpeg, dir string) *Library {
	return &Library{ffmpeg: f, dir: dir, films: make(map[rates]*Film)}
}

// FFmpeg is the decoder the library uses.
func (l *Library) FFmpeg() *FFmpeg { return l.ffmpeg }

// Film returns real video of these rates in bit/s, made by ffmpeg at the first call;
// both 0 = the clip in the program.
func (l *Library) Film(ctx context.Context, mainRate, subRate int) (*Film, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	want := rates{mainRate, subRate}
	if film := l.films[want]; film != nil {
		return film, nil
	}
	film, err := l.make(ctx, want)
	if err != nil {
		return nil, err
	}
	l.films[want] = film
	return film, nil
}

// About says what the film of these rates is, for reports.
func (*Library) About(mainRate, subRate int) string {
	if mainRate == 0 && subRate == 0 {
		return "the clip in the program"
	}
	return fmt.Sprintf("a film of ffmpeg's, %.3g and %.3g Mbit/s", float64(mainRate)/1e6, float64(subRate)/1e6)
}

func (l *Library) make(ctx context.Context, want rates) (*Film, error) {
	film := new(Film)
	var err error
	if want == (rates{}) {
		film.Clip, err = camera.Embedded()
	} else {
		film.Clip, err = l.shoot(ctx, want)
	}
	if err != nil {
		return nil, err
	}
	for _, layer := range []media.Layer{media.LayerMain, media.LayerSub} {
		if film.hashes[layer], err = l.develop(ctx, film.Clip, layer); err != nil {
			return nil, fmt.Errorf("decode the camera's own %s stream: %w", layer, err)
		}
	}
	return film, nil
}

// develop decodes one round of a layer. All groups of pictures are closed, so each
// round comes out the same.
func (l *Library) develop(ctx context.Context, clip *camera.Clip, layer media.Layer) ([]string, error) {
	path := filepath.Join(l.dir, "round.ivf")
	if err := writeRound(path, clip, layer); err != nil {
		return nil, err
	}
	var all []string
	complaints, err := l.ffmpeg.hashes(ctx, path, func(p picture) {
		if p.unit == uint64(len(all)) {
			all = append(all, p.hash)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case len(complaints) > 0:
		return nil, fmt.Errorf("ffmpeg says: %s", complaints[0])
	case len(all) != clip.Len():
		return nil, fmt.Errorf("%d pictures came of %d frames", len(all), clip.Len())
	}
	return all, nil
}

func writeRound(path string, clip *camera.Clip, layer media.Layer) error {
	f, err := os.Create(path) //nolint:gosec // a path of our own
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // again, when all went well
	w := bufio.NewWriter(f)
	if err := writeIVFHeader(w, clip.Codec()); err != nil {
		return err
	}
	for i := range uint64(clip.Len()) {
		if err := writeIVFUnit(w, i, clip.Picture(layer, i).NALs); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
