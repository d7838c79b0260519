package usage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ticksPerSecond is USER_HZ, in which proc(5) counts: 100 on every Linux that is
// built today, whatever its own clock.
const ticksPerSecond = 100

var errFormat = errors.New("proc(5) looks otherwise than expected")

// parseStat finds user and system time in /proc/PID/stat: fields 14 and 15,
// counted behind the program's name, which may contain anything.
func parseStat(s string) (Time, error) {
	end := strings.LastIndexByte(s, ')')
	fields := strings.Fields(s[end+1:])
	if end < 0 || len(fields) < 13 {
		return Time{}, fmt.Errorf("%w: stat %q", errFormat, s)
	}
	user, err := strconv.ParseUint(fields[11], 10, 64)
	if err != nil {
		return Time{}, fmt.Errorf("%w: user time %q", errFormat, fields[11])
	}
	system, err := strconv.ParseUint(fields[12], 10, 64)
	if err != nil {
		return Time{}, fmt.Errorf("%w: system time %q", errFormat, fields[12])
	}
	return Time{User: float64(user) / ticksPerSecond, System: float64(system) / ticksPerSecond}, nil
}

// parseRSS finds the resident size in bytes in /proc/PID/status.
func parseRSS(s string) (int, error) {
	for line := range strings.Lines(s) {
		rest, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			break
		}
		kb, err := strconv.Atoi(fields[0])
		if err != nil {
			return 0, fmt.Errorf("%w: VmRSS %q", errFormat, rest)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("%w: no VmRSS in status", errFormat)
}

// parseMachine reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal. What is stolen by the host is busy: it is not ours.
func parseMachine(s string) (Machine, error) {
	line, _, _ := strings.Cut(s, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return Machine{}, fmt.Errorf("%w: stat %q", errFormat, line)
	}
	var v [8]float64
	for i := range v {
		n, err := strconv.ParseUint(fields[i+1], 10, 64)
		if err != nil {
			return Machine{}, fmt.Errorf("%w: stat %q", errFormat, line)
		}
		v[i] = float64(n) / ticksPerSecond
	}
	return Machine{Busy: v[0] + v[1] + v[2] + v[5] + v[6] + v[7], IRQ: v[5] + v[6], Idle: v[3] + v[4]}, nil
}

// parseDrops finds in /proc/net/snmp how many UDP packets this machine has thrown
// away because a socket's buffer was full, receiving and sending.
func parseDrops(s string) (int, error) {
	var names []string
	for line := range strings.Lines(s) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		drops := 0
		for i, name := range names {
			if name != "RcvbufErrors" && name != "SndbufErrors" || i >= len(fields) {
				continue
			}
			n, err := strconv.Atoi(fields[i])
			if err != nil {
				return 0, fmt.Errorf("%w: %s %q", errFormat, name, fields[i])
			}
			drops += n
		}
		return drops, nil
	}
	return 0, fmt.Errorf("%w: no Udp in snmp", errFormat)
}
