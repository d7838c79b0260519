package usage

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Self is what this process has used so far, to the microsecond.
func Self() (Time, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return Time{}, fmt.Errorf("own CPU time: %w", err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return Time{User: seconds(r.Utime), System: seconds(r.Stime)}, nil
}

// Of is what a process has used so far, to 10 ms.
func Of(pid int) (Time, error) {
	b, err := os.ReadFile(file(pid, "stat"))
	if err != nil {
		return Time{}, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return parseStat(string(b))
}

// RSS is how much memory a process has, in bytes; 0 is this process.
func RSS(pid int) (int, error) {
	b, err := os.ReadFile(file(pid, "status"))
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return parseRSS(string(b))
}

// All is what the machine has done since it started.
func All() (Machine, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, fmt.Errorf("CPU time of the machine: %w", err)
	}
	return parseMachine(string(b))
}

// Drops is how many UDP packets the kernel has thrown away for want of buffer.
func Drops() (int, error) {
	b, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return 0, fmt.Errorf("dropped UDP packets: %w", err)
	}
	return parseDrops(string(b))
}

func file(pid int, name string) string {
	if pid == 0 {
		return "/proc/self/" + name
	}
	return "/proc/" + strconv.Itoa(pid) + "/" + name
}
