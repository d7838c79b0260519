package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/doctor"
	"github.com/classrelay/classrelay/relay/identity"
)

func newDoctor(t terminal) *cobra.Command {
	var (
		path string
		json bool
	)
	cmd := &cobra.Command{
		Use:   "doctor [--config FILE] [--json]",
		Short: "Look at this machine and say what will spoil lessons, and what to do",
		Long: `Looks at UDP buffers, clock, processor, open files, disk, and with --config at the
certificate, the ports and the way to each parent: its name, both IPv4 and IPv6, the
firewalls between, and the size of packets. What it finds wrong comes with the command
that mends it. A node that runs meanwhile keeps its links.

The exit status is 1 when something is bad, 0 otherwise; what may only spoil a lesson is a
warning.`,
		Example: `  classrelay doctor
  classrelay doctor --config school.yaml`,
		Args: cobra.NoArgs,
		RunE: interruptible(func(ctx context.Context) error {
			facts, err := examine(ctx, path)
			if err != nil {
				return err
			}
			findings := doctor.Examine(time.Now(), facts)
			if json {
				err = writeJSON(findings)(t.out)
			} else {
				err = writeFindings(t.out, findings)
			}
			if err != nil {
				return err
			}
			return verdictOf(findings)
		}),
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "look with the eyes of this configuration `file` (YAML)")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // fails for a flag that is not there only
	cmd.Flags().BoolVar(&json, "json", false, "write the findings as JSON")
	return cmd
}

// examine gathers the facts. Without a configuration they are those of the machine.
func examine(ctx context.Context, path string) (*doctor.Facts, error) {
	if path == "" {
		return doctor.Machine("."), nil
	}
	cfg, err := config.Load(path, config.System())
	if err != nil {
		return nil, err
	}
	facts := doctor.Machine(filepath.Dir(path))
	var id *identity.Identity
	if cfg.Identity != "" {
		if id, err = identity.Load(cfg.Identity); err != nil {
			return nil, err
		}
		facts.CertificateEnds = id.NotAfter()
	}
	d := cfg.WithDefaults()
	facts.Ports = portsOf(d.Listen)
	for _, p := range d.Parents {
		facts.Parents = append(facts.Parents, relay.Reach(ctx, id, p))
	}
	return facts, ctx.Err()
}

// portsOf tries the ports of a configuration.
func portsOf(l config.Listen) (ports []doctor.Port) {
	try := func(key, network, address string) {
		if address != "" {
			ports = append(ports, doctor.Listen(key, network, address))
		}
	}
	try("listen.quic", "udp", l.QUIC)
	try("listen.rtsp", "tcp", l.RTSP)
	if rtp, rtcp, ok := l.RTPPorts(); ok {
		try("listen.rtp", "udp", rtp)
		try("listen.rtp", "udp", rtcp)
	}
	try("listen.http", "tcp", l.HTTP)
	try("listen.https", "tcp", l.HTTPS)
	if l.WebRTC != config.WebRTCOff {
		try("listen.webrtc", "udp", l.WebRTC)
	}
	try("listen.admin", "tcp", l.Admin)
	return ports
}

func writeFindings(w io.Writer, findings []doctor.Finding) error {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-4s  %s: %s\n", f.Level, f.About, f.What)
		if f.Fix != "" {
			fmt.Fprintf(&b, "      -> %s\n", f.Fix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func verdictOf(findings []doctor.Finding) error {
	bad := 0
	for _, f := range findings {
		if f.Level == doctor.Bad {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return failed(errors.New(plural(bad, "thing") + " must be mended before this node can do its work"))
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
