package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
)

func newStatus(t terminal) *cobra.Command {
	var path, admin string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [--config FILE | --admin HOST:PORT] [--json]",
		Short: "Show what a running node knows: the tree, links, feeds and alarms",
		Long: `Asks a node that runs on this machine what it knows: the tree of levels, its links, the
feeds, and what somebody should look after. With --config it asks the node of that
configuration, at the socket in its state folder or at listen.admin; with --admin at that
address.

The exit status is 0 when the node answers and has no alarm, 1 when it has one, 2 when it
does not answer.`,
		Example: `  classrelay status --config /etc/classrelay/hub.yaml
  classrelay status --admin 127.0.0.1:9090 --json`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if (path == "") == (admin == "") {
				return errors.New("one of --config and --admin says which node to ask")
			}
			return nil
		},
		RunE: work(func(ctx context.Context) error {
			r, err := askStatus(ctx, path, admin)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(r)(t.out)
			} else {
				err = printStatus(t.out, r)
			}
			if err == nil && len(r.Alarms) > 0 {
				err = failed(errors.New(r.Alarms[0].What))
			}
			return err
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&path, "config", "c", "", "the node's configuration `file` (YAML)")
	flags.StringVar(&admin, "admin", "", "the node's listen.admin `address`")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // fails for a flag that is not there only
	return cmd
}

// askStatus asks the node at one of its doors.
func askStatus(ctx context.Context, path, admin string) (*relay.Report, error) {
	if path == "" {
		return fetchStatus(ctx, "tcp", admin)
	}
	cfg, err := config.Load(path, config.System())
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%s: the node has neither county.state nor listen.admin, so nobody can ask it", path)
	if cfg.County.In() {
		var r *relay.Report
		if r, err = fetchStatus(ctx, "unix", relay.StatusSocket(cfg.WithDefaults().County.State)); err == nil {
			return r, nil
		}
	}
	if cfg.Listen.Admin != "" {
		return fetchStatus(ctx, "tcp", cfg.Listen.Admin)
	}
	return nil, err
}

// mostStatus bounds an answer: a province with 26,000 feeds takes some megabytes.
const mostStatus = 64 << 20

func fetchStatus(ctx context.Context, network, address string) (*relay.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://node/status", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no node answers at %s: does it run? (%w)", address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("what answers at %s is no node that knows `classrelay status`: %s", address, resp.Status)
	}
	r := &relay.Report{}
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostStatus)).Decode(r); err != nil {
		return nil, fmt.Errorf("read the status from %s: %w", address, err)
	}
	return r, nil
}
