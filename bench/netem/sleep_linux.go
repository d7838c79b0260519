package netem

import (
	"runtime"
	"syscall"
	"time"
)

// hurry lets the calling goroutine's thread go before other programs, where the
// system permits it (root, or CAP_SYS_NICE); elsewhere it does nothing. calm
// undoes it and has to be called by the same goroutine.
func hurry() (calm func()) {
	const nice = -15 // as a sound server takes
	runtime.LockOSThread()
	thread := syscall.Gettid()
	if syscall.Setpriority(syscall.PRIO_PROCESS, thread, nice) != nil {
		return runtime.UnlockOSThread
	}
	return func() {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, thread, 0)
		runtime.UnlockOSThread()
	}
}

// sleep waits about d, 50 to 100 µs longer. It goes to the kernel because Go's
// own timers, on a machine with nothing else to do, wait in the poller, which
// counts in whole milliseconds.
func sleep(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // a signal cuts it short, which does no harm
}
