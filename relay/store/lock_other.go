//go:build !unix

package store

import "errors"

// fileLock is not there on this system: a damaged file is never moved aside, because
// nobody can tell whether another process has it open.
type fileLock struct{}

func lockFile(string) (*fileLock, error) { return &fileLock{}, nil }

func (*fileLock) shared() error { return nil }

func (*fileLock) alone() error { return errors.ErrUnsupported }

// Close does nothing.
func (*fileLock) Close() error { return nil }
