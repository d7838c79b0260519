package capacity

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/classrelay/classrelay/bench/capacity/usage"
	"github.com/classrelay/classrelay/bench/process"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// hubNode is the hub's name.
const hubNode = "hub"

// hub is classrelay serve in a process of its own.
type hub struct {
	*process.Process
	quic string // where schools dial
}

// startHub writes a configuration and starts the node. The process ends with Stop.
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
	args := []string{"serve", "--config", file}
	if cfg.HubProfile != "" {
		args = append(args, "--cpuprofile", cfg.HubProfile)
	}
	// Not with the context of the bench: at Ctrl-C figures are read first.
	p, err := process.Start("the hub", filepath.Join(dir, "hub.log"), cfg.Program(context.Background(), args...))
	return &hub{Process: p, quic: quic}, err
}

// maxRate is above what any step sends on one link, so that the links of the
// configuration are not the limit.
const maxRate = 1_000_000_000

func feedName(i int) media.FeedID { return media.FeedID(fmt.Sprintf("room-%d", i+1)) }

func (h *hub) cpu() (usage.Time, error) { return usage.Of(h.PID()) }
func (h *hub) rss() (int, error)        { return usage.RSS(h.PID()) }
