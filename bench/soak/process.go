package soak

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
)

const (
	megabyte    = 1e6
	liveHeap    = "/gc/heap/live:bytes"
	allRoutines = "/sched/goroutines:goroutines"
)

// Look measures this process now. What this system does not tell stays null.
func Look() Process {
	samples := []metrics.Sample{{Name: liveHeap}, {Name: allRoutines}}
	metrics.Read(samples)
	return Process{
		RSS:         residentMemory(),
		Heap:        number(samples[0].Value, megabyte),
		Goroutines:  number(samples[1].Value, 1),
		Descriptors: openDescriptors(),
	}
}

// number reads a metric; nil when this Go does not have it.
func number(v metrics.Value, unit float64) *float64 {
	if v.Kind() != metrics.KindUint64 {
		return nil
	}
	n := float64(v.Uint64()) / unit
	return &n
}

// residentMemory is VmRSS of proc_pid_status(5), in megabytes.
func residentMemory() *float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte("VmRSS:"))
		if !ok {
			continue
		}
		kB, err := strconv.ParseUint(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
		if err != nil {
			return nil
		}
		mb := float64(kB) * 1024 / megabyte
		return &mb
	}
	return nil
}

// openDescriptors counts /proc/self/fd, less the one that reads it.
func openDescriptors() *float64 {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	n := float64(len(names) - 1)
	return &n
}
