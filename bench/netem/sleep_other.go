//go:build !linux

package netem

import "time"

// sleep waits about d, up to a millisecond or more longer.
func sleep(d time.Duration) { time.Sleep(d) }
