package listing

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/process"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/relay/directory/engine"
	"github.com/classrelay/classrelay/relay/identity"
)

// The names of the places.
const (
	county  = "c1"
	hubName = "hub-a"
	beside  = "hub-b"
	above   = "city-1"
)

// hub is classrelay serve in a process of its own.
type hub struct {
	*process.Process
	quic string
}

// startHub writes a configuration and starts the node. The process ends with Stop.
func startHub(
	program func(ctx context.Context, args ...string) *exec.Cmd, dir string, listen, hubs, up string,
) (*hub, error) {
	h := &hub{quic: freeport.Address()}
	node := config.Config{
		Node: hubName, Identity: filepath.Join(dir, hubName),
		Listen: config.Listen{QUIC: h.quic},
		County: config.County{
			Name: county, Role: identity.Hub, State: filepath.Join(dir, "state"),
			Listen: listen, Hubs: []string{hubs}, Above: []string{up},
		},
	}
	text, err := node.Effective()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "hub.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cmd := program(context.Background(), "serve", "--config", file)
	h.Process, err = process.Start("the hub", filepath.Join(dir, "hub.log"), cmd)
	return h, err
}

// observer is a machine in this process that hears what the hub tells.
type observer struct {
	*directory.Directory
	server *engine.Server
}

// observe makes a machine. It ends with ctx; ended waits for it.
func observe(
	ctx context.Context, m identity.Member, dir, listen string, hubs []string, ended *sync.WaitGroup,
) (*observer, error) {
	id, err := identity.Load(filepath.Join(dir, m.Node))
	if err != nil {
		return nil, err
	}
	vet := directory.Vet{County: m.County, Role: m.Role}
	server, err := engine.New(engine.Config{
		Node: m.Node, County: m.County, Listen: listen, Hubs: hubs,
		TLS:     engine.MachineTLS(id.ServerTLS(), id.ClientTLS("", "")),
		Machine: vet.Machine,
		Below: func(s engine.State) (engine.Rights, error) {
			r, err := vet.Below(s)
			return engine.Rights(r), err
		},
	}, zap.NewNop())
	if err != nil {
		return nil, err
	}
	cfg := directory.Config{Node: m.Node, County: m.County, Role: m.Role}
	o := &observer{directory.New(cfg, server.Below(), nil, zap.NewNop()), server}
	ended.Go(func() { _ = o.Run(ctx) })      // ends with ctx; it has nothing that can fail by then
	ended.Go(func() { _ = server.Run(ctx) }) // likewise
	return o, nil
}

// until waits until the observer knows what ok asks for, and returns when.
func (o *observer) until(ctx context.Context, ok func() bool) (time.Time, error) {
	for {
		changed := o.Changed()
		if ok() {
			return time.Now(), nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

// untilFeeds waits until so many feeds are known.
func (o *observer) untilFeeds(ctx context.Context, n int) (time.Time, error) {
	return o.until(ctx, func() bool { _, feeds := o.Len(); return feeds >= n })
}

// untilNode waits until a node is known.
func (o *observer) untilNode(ctx context.Context, name string) error {
	_, err := o.until(ctx, func() bool {
		for _, e := range o.Snapshot().Nodes {
			if e.Name == name {
				return true
			}
		}
		return false
	})
	return err
}

// untilFeed waits until a feed is known.
func (o *observer) untilFeed(ctx context.Context, id media.FeedID) (time.Time, error) {
	return o.until(ctx, func() bool { return o.Knows(id) })
}
