package scenario

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"time"
)

// Environment is where a bench ran: figures mean little without it.
type Environment struct {
	Version   string    `json:"version"` // of classrelay
	Command   []string  `json:"command"`
	Started   time.Time `json:"started"`
	Go        string    `json:"go"`
	System    string    `json:"system"`
	Kernel    string    `json:"kernel,omitempty"`
	CPU       string    `json:"cpu,omitempty"`
	CPUs      int       `json:"cpus"`
	LoadStart string    `json:"load_at_start,omitempty"` // 1, 5 and 15 minutes
}

// Here is this machine and this moment. What the system does not tell stays empty.
func Here(version string, command []string) Environment {
	e := Environment{
		Version: version, Command: command, Started: time.Now().Round(time.Second),
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		e.Kernel = strings.TrimSpace(string(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		e.LoadStart = strings.Join(strings.Fields(string(b))[:3], " ")
	}
	e.CPU = cpuModel()
	return e
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, model, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return ""
}
