package doctor

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// hasAES tells whether AES-GCM is done by the processor; nil: not known of this kind.
func hasAES() *bool {
	switch {
	case cpu.X86.HasSSE2: // there on all of them
		has := cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ
		return &has
	case cpu.ARM64.HasASIMD:
		has := cpu.ARM64.HasAES && cpu.ARM64.HasPMULL
		return &has
	}
	return nil
}

func (f *Facts) system(folder string) {
	f.ReadBuffer = number("/proc/sys/net/core/rmem_max")
	f.WriteBuffer = number("/proc/sys/net/core/wmem_max")
	f.Governor = text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	if first, _, ok := strings.Cut(text("/proc/loadavg"), " "); ok {
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			f.Load = &load
		}
	}
	if state, err := unix.Adjtimex(&unix.Timex{}); err == nil {
		right := state != unix.TIME_ERROR
		f.Synchronised = &right
	}
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		f.Files = &files.Cur
	}
	var disk unix.Statfs_t
	if unix.Statfs(folder, &disk) == nil {
		free := disk.Bavail * uint64(disk.Bsize) //nolint:gosec // a block has a size above zero
		f.Free = &free
	}
}

// text reads a line of the system; empty: it is not there.
func text(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func number(path string) *int {
	n, err := strconv.Atoi(text(path))
	if err != nil {
		return nil
	}
	return &n
}
