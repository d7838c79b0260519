package soak

import (
	"bytes"
	"maps"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
)

const (
	megabyte = 1e6
	liveHeap = "/gc/heap/live:bytes"
)

// Look measures this process now. What this system does not tell stays null.
func Look() Process {
	samples := []metrics.Sample{{Name: liveHeap}}
	metrics.Read(samples)
	routines := float64(runtime.NumGoroutine()) // without those of the runtime itself
	return Process{
		RSS:         residentMemory(),
		Heap:        number(samples[0].Value, megabyte),
		Goroutines:  &routines,
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

// creators names the functions that started the goroutines that run now, each with
// how many there are.
func creators() (all []string) {
	const most = 1 << 20 // some hundred stacks; what does not fit is not told
	b := make([]byte, most)
	b = b[:runtime.Stack(b, true)]
	count := make(map[string]int)
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "created by "); ok {
			name, _, _ = strings.Cut(name, " in goroutine")
			count[strings.TrimSpace(name)]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(count)) {
		all = append(all, strconv.Itoa(count[name])+" of "+name)
	}
	return all
}
