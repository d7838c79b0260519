//go:build unix

package enrol

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// giveTo gives what is in a folder to the owner of the folder: join runs as root, and the
// node as a user of its own.
func giveTo(dir string) error {
	s, err := os.Stat(dir)
	if err != nil {
		return err
	}
	owner, ok := s.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() {
			err = errors.Join(err, os.Lchown(filepath.Join(dir, e.Name()), int(owner.Uid), int(owner.Gid)))
		}
	}
	if err != nil {
		return fmt.Errorf("give the files to the owner of %s: %w", dir, err)
	}
	return nil
}
