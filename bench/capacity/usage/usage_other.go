//go:build !linux

package usage

// Self is what this process has used so far.
func Self() (Time, error) { return Time{}, ErrUnknown }

// Of is what a process has used so far.
func Of(int) (Time, error) { return Time{}, ErrUnknown }

// RSS is how much memory a process has, in bytes; 0 is this process.
func RSS(int) (int, error) { return 0, ErrUnknown }

// All is what the machine has done since it started.
func All() (Machine, error) { return Machine{}, ErrUnknown }

// Drops is how many UDP packets the kernel has thrown away for want of buffer.
func Drops() (int, error) { return 0, ErrUnknown }
