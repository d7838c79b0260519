package truth

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/classrelay/classrelay/media"
)

// Verdict is what decoding has shown.
type Verdict struct {
	// Compared pictures, of both layers, and those of the sub stream among them.
	Compared int `json:"pictures_compared"`
	Sub      int `json:"of_sub_stream"`
	// Wrong are pictures that differ from the source's, units of which no picture
	// came, and units that were handed over in part.
	Wrong int `json:"wrong_pictures"`
	// Findings are the first of those in words.
	Findings []string `json:"findings"`
}

// mostFindings is enough to know where to look.
const mostFindings = 5

// wrong counts something and keeps it when it is one of the first.
func (v *Verdict) wrong(format string, args ...any) {
	v.Wrong++
	if len(v.Findings) < mostFindings {
		v.Findings = append(v.Findings, fmt.Sprintf(format, args...))
	}
}

// Shown tells which picture of its film a camera showed under a frame number; false
// for a number that it never used.
type Shown func(layer media.Layer, number uint64) (index uint64, ok bool)

// Check decodes what a closed spool has and compares it. An error means that it
// could not be done; what is wrong with the pictures is in the verdict.
func (f *FFmpeg) Check(ctx context.Context, s *Spool, film *Film, shown Shown) (*Verdict, error) {
	v := &Verdict{Findings: []string{}}
	if s.number == 0 {
		return v, nil // nothing came, and there is nothing ffmpeg could read
	}
	list, err := os.Open(s.listPath())
	if err != nil {
		return nil, err
	}
	defer func() { _ = list.Close() }()
	j := &judge{list: bufio.NewReader(list), film: film, shown: shown, verdict: v}
	complaints, err := f.hashes(ctx, s.path(), j.picture)
	if err != nil {
		return nil, fmt.Errorf("decode what the viewer got: %w", err)
	}
	if err := j.end(); err != nil {
		return nil, fmt.Errorf("read the list of units: %w", err)
	}
	// A complaint with nothing wrong to see is not believed to be harmless.
	if len(complaints) > 0 && v.Wrong == 0 {
		v.wrong("all pictures are right, but ffmpeg says: %s", complaints[0])
	}
	return v, nil
}

// judge walks through the list of units in step with the pictures. It is a core.
type judge struct {
	list    io.Reader
	film    *Film
	shown   Shown
	verdict *Verdict

	next uint64 // number of the unit that is read next
	err  error
}

// picture takes the next one out of the decoder.
func (j *judge) picture(p picture) {
	if p.unit < j.next {
		j.verdict.wrong("unit %d gave a picture twice, or too late", p.unit)
		return
	}
	for {
		u, ok := j.read()
		switch {
		case !ok:
			return
		case j.next-1 < p.unit:
			j.without(u)
			continue
		}
		j.compare(u, p.hash)
		return
	}
}

// end counts the units behind the last picture.
func (j *judge) end() error {
	for u, ok := j.read(); ok; u, ok = j.read() {
		j.without(u)
	}
	if errors.Is(j.err, io.EOF) {
		return nil
	}
	return j.err
}

func (j *judge) read() (unit, bool) {
	if j.err != nil {
		return unit{}, false
	}
	u, err := readUnit(j.list)
	j.err = err
	j.next++
	return u, err == nil
}

// without counts a unit that gave no picture.
func (j *judge) without(u unit) {
	if u.state == partly {
		j.verdict.wrong("a frame was handed over in part")
		return
	}
	j.verdict.wrong("frame %d of %s gave no picture", u.number, u.layer)
}

func (j *judge) compare(u unit, hash string) {
	if !u.layer.IsVideo() {
		j.verdict.wrong("a frame of layer %s came as a picture", u.layer)
		return
	}
	index, ok := j.shown(u.layer, u.number)
	if !ok {
		j.verdict.wrong("frame %d of %s was never shown by the camera", u.number, u.layer)
		return
	}
	j.verdict.Compared++
	if u.layer == media.LayerSub {
		j.verdict.Sub++
	}
	switch {
	case hash != j.film.hash(u.layer, index):
		j.verdict.wrong("frame %d of %s is not the picture that the camera showed", u.number, u.layer)
	case u.state != whole:
		j.verdict.wrong("frame %d of %s is not what was stamped", u.number, u.layer)
	}
}
