package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/enrol"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// installed is where an installed node has its files.
const installed = "/etc/classrelay"

// nodeFlag adds --config to a command that works beside the node on this machine.
func nodeFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", installed+"/"+enrol.ConfigFile,
		"the configuration `file` of the node here")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml") // fails for a flag that is not there only
}

// enroller is the machine with the county's CA.
type enroller struct {
	cfg    *config.Config
	county string
	ca     *identity.Authority
	store  *store.Store
}

// withEnroller opens what the configuration of the node on this machine names, for as
// long as f runs. The node itself may be running or not.
func withEnroller(ctx context.Context, path string, f func(context.Context, *enroller) error) error {
	cfg, err := config.Load(path, noSecrets())
	if err != nil {
		return err
	}
	if cfg.County.CA == "" {
		return fmt.Errorf("%s has no county.ca: run this on the machine with the county's CA", path)
	}
	e := &enroller{cfg: cfg, county: cfg.County.Name}
	if id, err := identity.Load(cfg.Identity); err == nil {
		e.county = cmp.Or(e.county, id.Member().County)
	}
	if e.ca, err = identity.OpenAuthority(cfg.County.CA); err != nil {
		return err
	}
	if e.store, err = store.Open(store.In(cfg.County.State)); err != nil {
		return err
	}
	return errors.Join(f(ctx, e), e.store.Close())
}

// noSecrets stands in for the secrets of a configuration, which an operator's shell need
// not have.
func noSecrets() config.Source {
	return config.Source{
		Env:      func(string) (string, bool) { return "x", true },
		ReadFile: func(string) ([]byte, error) { return []byte("x"), nil },
	}
}

// hubs are where machines that join shall dial: what the operator says, or else what the
// certificate of the node here is for.
func (e *enroller) hubs(said []string) (list []string, err error) {
	if len(said) == 0 {
		if said, err = e.dialledAt(); err != nil {
			return nil, err
		}
	}
	for _, s := range said {
		hub, err := enrol.CleanHub(s)
		if err != nil {
			return nil, err
		}
		list = append(list, hub)
	}
	return list, nil
}

// dialledAt are the hosts in the certificate with the port of listen.quic.
func (e *enroller) dialledAt() (list []string, err error) {
	id, err := identity.Load(e.cfg.Identity)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(e.cfg.Listen.QUIC)
	if err != nil {
		port = strconv.Itoa(enrol.Port)
	}
	for _, host := range identity.HostsOf(id.Certificate()) {
		list = append(list, net.JoinHostPort(host, port))
	}
	if len(list) == 0 {
		return nil, errors.New("say where schools reach the hubs: --hub HOST:PORT, once for each; " +
			"the certificate here names no host")
	}
	return list, nil
}
