package truth

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/media"
)

// Spool keeps on disk what a viewer is handed, in its order: memory stays flat
// however long the run. It has one owner, the viewer's reader, until Close.
//
// Beside the units there is a list with what their stamps say: number 64, layer 8,
// state 8 bits each.
type Spool struct {
	dir     string
	units   *file
	list    *file
	number  uint64 // of the next unit
	playing bool   // a whole unit has come
	err     error  // the first one, which Close returns
}

// state of a unit, as far as it can be told without decoding.
type state uint8

const (
	whole   state = iota
	damaged       // not what was stamped, or without a stamp; decoded all the same
	partly        // its beginning or end never came: nothing to decode
)

// unit is a line of the list.
type unit struct {
	number uint64 // that of its stamp
	layer  media.Layer
	state  state
}

const unitSize = 10

// file is a file that is written through a buffer.
type file struct {
	*bufio.Writer
	on *os.File
}

// NewSpool makes a spool in an empty folder. Close it.
func NewSpool(dir string) (*Spool, error) {
	s := &Spool{dir: dir}
	var errs [2]error
	s.units, errs[0] = create(s.path())
	s.list, errs[1] = create(s.listPath())
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("keep what the viewer gets: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Spool) path() string     { return filepath.Join(s.dir, "units.ivf") }
func (s *Spool) listPath() string { return filepath.Join(s.dir, "units.list") }

func create(path string) (*file, error) {
	f, err := os.Create(path) //nolint:gosec // a path of our own
	if err != nil {
		return nil, err
	}
	return &file{Writer: bufio.NewWriterSize(f, 1<<20), on: f}, nil // 2 s of a camera of 4 Mbit/s
}

// Keep takes an access unit as the viewer got it, with what stamp.Verify said; nil
// stands for one that did not come whole. It is written before Keep returns and may
// be changed after. Damage in front of the first whole unit is no picture anybody
// was promised, and is left out.
func (s *Spool) Keep(codec media.Codec, au [][]byte, st stamp.Stamp, verdict error) {
	u := unit{number: st.Number, layer: st.Layer}
	switch {
	case s.err != nil:
		return
	case verdict == nil:
		if !s.playing {
			s.playing = true
			s.err = writeIVFHeader(s.units, codec)
		}
	case !s.playing:
		return
	case len(au) == 0:
		u.state = partly
	default:
		u.state = damaged
	}
	s.err = errors.Join(s.err, s.write(au, u))
}

// write gives a number even to a unit that is not there.
func (s *Spool) write(au [][]byte, u unit) error {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, unitSize), u.number)
	if _, err := s.list.Write(append(b, byte(u.layer), byte(u.state))); err != nil {
		return err
	}
	number := s.number
	s.number++
	if u.state == partly {
		return nil
	}
	return writeIVFUnit(s.units, number, au)
}

// Close ends the files and returns what went wrong while they were written. It may be
// called twice.
func (s *Spool) Close() error {
	for _, f := range []*file{s.units, s.list} {
		if f != nil {
			s.err = errors.Join(s.err, f.Flush(), f.on.Close())
		}
	}
	s.units, s.list = nil, nil
	return s.err
}

// readUnit reads a line of the list; io.EOF at its end.
func readUnit(r io.Reader) (unit, error) {
	var b [unitSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return unit{}, err
	}
	return unit{
		number: binary.LittleEndian.Uint64(b[:]),
		layer:  media.Layer(b[8]),
		state:  state(b[9]),
	}, nil
}
