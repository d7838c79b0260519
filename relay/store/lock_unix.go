//go:build unix

package store

import (
	"os"
	"syscall"
)

// fileLock is held for as long as a process has the database open: shared by all of
// them, except while one moves a damaged file aside. The system lets go of it when the
// process dies.
type fileLock struct{ f *os.File }

// lockFile takes the lock together with others. It waits while somebody is alone.
func lockFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &fileLock{f}
	if err := l.shared(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return l, nil
}

// shared lets others have the lock too.
func (l *fileLock) shared() error {
	return os.NewSyscallError("flock", syscall.Flock(int(l.f.Fd()), syscall.LOCK_SH))
}

// alone fails at once when somebody else has the lock.
func (l *fileLock) alone() error {
	return os.NewSyscallError("flock", syscall.Flock(int(l.f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
}

// Close lets go.
func (l *fileLock) Close() error { return l.f.Close() }
