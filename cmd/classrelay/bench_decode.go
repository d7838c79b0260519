package main

import (
	"context"
	"os"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/truth"
)

// decodeHelp is what bench run --help says of --decode.
const decodeHelp = "decode what the viewer got with `ffmpeg` and compare every picture with the camera's"

// openFilms finds ffmpeg and makes a folder for the films; nil without --decode.
func (f *benchRunFlags) openFilms(ctx context.Context) (films *truth.Library, done func(), err error) {
	if !f.decode {
		return nil, func() {}, nil
	}
	ffmpeg, err := truth.FindFFmpeg(ctx)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "classrelay-films-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(dir) } // the operating system cleans up what is left
	return truth.NewLibrary(ffmpeg, dir), done, nil
}

// checkDecode gives the scenarios their rule with --decode, and refuses rules that
// need it without.
func (f *benchRunFlags) checkDecode() error {
	if f.decode {
		return scenario.JudgeDecoded(f.scenarios)
	}
	if f.list {
		return nil
	}
	return scenario.NeedsDecoding(f.scenarios)
}
