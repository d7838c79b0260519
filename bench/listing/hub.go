package listing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"

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
	cmd   *exec.Cmd
	quic  string
	log   string
	ended chan struct{}
	err   error // once ended is closed
}

// startHub writes a configuration and starts the node. The process ends with stop.
func startHub(
	program func(ctx context.Context, args ...string) *exec.Cmd, dir string, listen, hubs, up string,
) (*hub, error) {
	h := &hub{quic: freeport.Address(), log: filepath.Join(dir, "hub.log"), ended: make(chan struct{})}
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
	log, err := os.Create(h.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	h.cmd = program(context.Background(), "serve", "--config", file)
	h.cmd.Stdout, h.cmd.Stderr = log, log
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the hub: %w", err)
	}
	go func() { // ends with the process
		h.err = h.cmd.Wait()
		close(h.ended)
	}()
	return h, nil
}

// alive returns why the hub is not there any more; nil while it is.
func (h *hub) alive() error {
	select {
	case <-h.ended:
		said, _ := os.ReadFile(h.log)
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return errors.Join(fmt.Errorf("the hub has ended: %s", lines[len(lines)-1]), h.err)
	default:
		return nil
	}
}

// stop ends the process, and waits.
func (h *hub) stop() {
	_ = h.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-h.ended:
	case <-time.After(10 * time.Second): // above what serve takes to stop at most
		_ = h.cmd.Process.Kill()
		<-h.ended
	}
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
