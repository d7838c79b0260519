package netem

import (
	"syscall"
	"time"
)

// sleep waits about d, 50 to 100 µs longer. It goes to the kernel because Go's
// own timers, on a machine with nothing else to do, wait in the poller, which
// counts in whole milliseconds.
func sleep(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // a signal cuts it short, which does no harm
}
