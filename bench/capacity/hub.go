package capacity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// hubNode is the hub's name.
const hubNode = "hub"

// hub is classrelay serve in a process of its own.
type hub struct {
	cmd     *exec.Cmd
	quic    string // where schools dial
	log     string // file with what it said
	ended   chan struct{}
	failure error // once ended is closed
}

// startHub writes a configuration and starts the node. The process ends with stop.
func startHub(cfg *Config, dir, quic string, cameras []string) (*hub, error) {
	node := config.Config{
		Node: hubNode, Identity: filepath.Join(dir, hubNode),
		Listen: config.Listen{QUIC: quic},
		Links:  config.Links{MaxRate: maxRate},
		Feeds:  make(map[media.FeedID]config.Feed, len(cameras)),
	}
	for i, url := range cameras {
		node.Feeds[feedName(i)] = config.Feed{Main: url, Transport: config.TransportTCP, Always: true}
	}
	text, err := node.Effective()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "hub.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	h := &hub{quic: quic, log: filepath.Join(dir, "hub.log"), ended: make(chan struct{})}
	args := []string{"serve", "--config", file}
	if cfg.HubProfile != "" {
		args = append(args, "--cpuprofile", cfg.HubProfile)
	}
	// Not with the context of the bench: at Ctrl-C figures are read first.
	h.cmd = cfg.Program(context.Background(), args...)
	log, err := os.Create(h.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own
	h.cmd.Stdout, h.cmd.Stderr = log, log
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the hub: %w", err)
	}
	go func() { // ends with the process
		h.failure = h.cmd.Wait()
		close(h.ended)
	}()
	return h, nil
}

// maxRate is above what any step sends on one link, so that the links of the
// configuration are not the limit.
const maxRate = 1_000_000_000

func feedName(i int) media.FeedID { return media.FeedID(fmt.Sprintf("room-%d", i+1)) }

// stop ends the process, and waits.
func (h *hub) stop() {
	_ = h.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-h.ended:
	case <-time.After(hubStop):
		_ = h.cmd.Process.Kill()
		<-h.ended
	}
}

// hubStop is above what serve takes to stop at most.
const hubStop = 8 * time.Second

// alive returns why the hub is not there any more; nil while it is.
func (h *hub) alive() error {
	select {
	case <-h.ended:
		said, _ := os.ReadFile(h.log)
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return errors.Join(fmt.Errorf("the hub has ended: %s", lines[len(lines)-1]), h.failure)
	default:
		return nil
	}
}

func (h *hub) cpu() (usage.Time, error) { return usage.Of(h.cmd.Process.Pid) }
func (h *hub) rss() (int, error)        { return usage.RSS(h.cmd.Process.Pid) }
