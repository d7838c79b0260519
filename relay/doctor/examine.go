package doctor

import (
	"fmt"
	"strings"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	Good Level = "good"
	Warn Level = "warn" // lessons may suffer
	Bad  Level = "bad"  // the node cannot do its work
)

// Finding is what one look at the machine found.
type Finding struct {
	About string `json:"about"` // as "udp buffers"
	Level Level  `json:"level"`
	What  string `json:"what"`
	// Fix is what to do, a command where there is one; empty for what is good.
	Fix string `json:"fix,omitempty"`
}

// The limits.
const (
	// wantBuffer is what the node asks the system for: 0.6 s of a full 100 Mbit/s line.
	// Linux's default of 208 KiB is over when the process waits 15 ms for a processor.
	wantBuffer = 8 << 20
	// wantMTU is the largest packet of a link with its headers: 1350 of QUIC and 48 of
	// IPv6 and UDP. Smaller ones work, with a second packet for each large one.
	wantMTU = 1398
	// wantFiles: a viewer over RTSP takes one, a camera two, a link one.
	wantFiles = 1024
	// wantFree: the store and the log need little; below this something else fills it.
	wantFree = 500 << 20
	// slowName is when looking up a name begins to be felt as a pause.
	slowName = time.Second
	// renewIn is when somebody should look after a certificate that has not renewed.
	renewIn = 14 * 24 * time.Hour
)

// Examine says what the facts mean, in the order in which one mends things. There is a
// finding for all that was looked at, good or not.
func Examine(now time.Time, f *Facts) []Finding {
	var e examination
	e.buffers(f)
	e.clock(f)
	e.certificate(now, f)
	e.processor(f)
	e.room(f)
	e.ports(f)
	for i := range f.Parents {
		e.parent(&f.Parents[i])
	}
	return e.findings
}

// examination collects findings.
type examination struct{ findings []Finding }

func (e *examination) good(about, format string, args ...any) {
	e.findings = append(e.findings, Finding{about, Good, fmt.Sprintf(format, args...), ""})
}

func (e *examination) say(level Level, about, what, fix string) {
	e.findings = append(e.findings, Finding{about, level, what, fix})
}

func (e *examination) buffers(f *Facts) {
	for _, b := range []struct {
		name string
		has  *int
	}{{"rmem_max", f.ReadBuffer}, {"wmem_max", f.WriteBuffer}} {
		switch {
		case b.has == nil:
		case *b.has < wantBuffer:
			e.say(Warn, "udp buffers", fmt.Sprintf("net.core.%s is %d bytes, less than the %d that the node asks for: "+
				"packets are lost here when the machine is busy for a moment", b.name, *b.has, wantBuffer),
				fmt.Sprintf("sysctl -w net.core.%s=%d   # and in /etc/sysctl.d/classrelay.conf, to stay", b.name, wantBuffer))
		default:
			e.good("udp buffers", "net.core.%s is %d bytes", b.name, *b.has)
		}
	}
}

func (e *examination) clock(f *Facts) {
	switch {
	case f.Synchronised == nil:
	case *f.Synchronised:
		e.good("clock", "something keeps it right")
	default:
		e.say(Warn, "clock", "nothing keeps it right: certificates are refused when it is wrong by hours, "+
			"and the latency shown here is worth less", "timedatectl set-ntp true")
	}
}

func (e *examination) certificate(now time.Time, f *Facts) {
	left := f.CertificateEnds.Sub(now)
	switch {
	case f.CertificateEnds.IsZero():
	case left <= 0:
		e.say(Bad, "certificate", "it ended on "+f.CertificateEnds.UTC().Format(time.DateOnly)+": no node takes it",
			"classrelay ca issue --dir D --name NODE --renew   # where the county's CA is")
	case left < renewIn:
		e.say(Warn, "certificate", fmt.Sprintf("it ends on %s, in %d days", f.CertificateEnds.UTC().Format(time.DateOnly),
			int(left.Hours()/24)), "classrelay ca issue --dir D --name NODE --renew   # where the county's CA is")
	default:
		e.good("certificate", "good until %s", f.CertificateEnds.UTC().Format(time.DateOnly))
	}
}

func (e *examination) processor(f *Facts) {
	if f.AES != nil && !*f.AES {
		e.say(Warn, "processor", "it has no instructions for AES: every packet costs several times as much to encrypt",
			"in a virtual machine let the host pass its processor through (cpu type host); else use another for a hub")
	} else if f.AES != nil {
		e.good("processor", "%d processors, with instructions for AES", f.Processors)
	}
	if f.Governor == "powersave" {
		e.say(Warn, "processor", "its clock is held low (governor powersave): packets wait when lessons begin",
			"cpupower frequency-set -g schedutil")
	}
	if f.Load != nil && f.Processors > 0 && *f.Load > float64(f.Processors) {
		e.say(Warn, "processor",
			fmt.Sprintf("the load is %.1f on %d processors: something else works here", *f.Load, f.Processors),
			"top   # and move it away from this machine, or to the night")
	}
}

func (e *examination) room(f *Facts) {
	switch {
	case f.Files == nil:
	case *f.Files < wantFiles:
		e.say(Warn, "open files",
			fmt.Sprintf("at most %d may be open: viewers are refused when a class comes at once", *f.Files),
			"LimitNOFILE=65536   # in the unit's [Service], or: ulimit -n 65536")
	default:
		e.good("open files", "%d may be open", *f.Files)
	}
	switch {
	case f.Free == nil:
	case *f.Free < wantFree:
		e.say(Warn, "disk", fmt.Sprintf("%d MB are left where the node keeps its files", *f.Free>>20),
			"df -h; journalctl --vacuum-size=200M")
	default:
		e.good("disk", "%d MB are left", *f.Free>>20)
	}
}

func (e *examination) ports(f *Facts) {
	for _, p := range f.Ports {
		if p.Taken == "" {
			e.good("ports", "%s: %s %s is free", p.Key, p.Network, p.Address)
			continue
		}
		e.say(Warn, "ports", fmt.Sprintf("%s: %s %s cannot be opened: %s; if that is this very node at work, all is well",
			p.Key, p.Network, p.Address, p.Taken), "ss -lnp | grep "+p.Address[strings.LastIndexByte(p.Address, ':'):])
	}
}
