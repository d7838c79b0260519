package chain

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// Feed is the classroom of every chain.
const Feed media.FeedID = "room-101"

// retry is how long the viewer waits before it asks the branch again, which knows
// the feed only when its link is up.
const retry = 100 * time.Millisecond

// Config says what a chain is made of.
type Config struct {
	// Dir is an empty folder for the certificates. Required.
	Dir string
	// Lines lead from the hub down to the branch, one after the other. At least one.
	Lines []Line
	// Source is what the camera shows; nil = the clip in the program.
	Source camera.Source
	// StampSound has the camera stamp its sound, so that the viewer can tell which
	// packets came whole; it is heard as a click.
	StampSound bool
	// RTSP is the branch's address for viewers; empty = a free port of this machine.
	RTSP string
	// Seed is where all chance on the lines comes from.
	Seed uint64
	// Tally says what the viewer counts as in time.
	Tally viewer.TallyConfig
	// Keep gets what the viewer gets; nil = nobody.
	Keep viewer.Keeper
	// Version of the program, told between nodes.
	Version string
}

// Line is an emulated line in both directions: Up is towards the hub, Down the way
// of the media.
type Line struct {
	Up, Down netem.Profile
	// Beside are downloads of others on it; one line of a chain at most has some, and
	// they need root.
	Beside []netem.Bulk
}

// Chain is a chain that is off. Its parts may be asked for their figures at any
// time; they are safe for concurrent use.
type Chain struct {
	Camera *camera.Camera
	Nodes  []*relay.Node  // the hub first, the branch last
	Lines  []*netem.Relay // Lines[i] is between Nodes[i] and Nodes[i+1]
	Beside *netem.Beside  // the downloads; nil = none
	Viewer *viewer.Viewer
	URL    string // where a player finds the branch
	Hub    string // where the first node is dialled, HOST:PORT over UDP
	// Began is when the lines were made: outages and steps of their profiles count
	// from here, to within a few milliseconds.
	Began time.Time

	cfg   Config
	parts []part
}

// New makes all parts. The lines' time runs from here, so start it at once.
func New(cfg Config, log *zap.Logger) (_ *Chain, err error) {
	if len(cfg.Lines) == 0 {
		return nil, fmt.Errorf("chain: it has no line")
	}
	if cfg.RTSP == "" {
		cfg.RTSP = freeport.Address()
	}
	c := &Chain{cfg: cfg, URL: fmt.Sprintf("rtsp://%s/%s", cfg.RTSP, Feed)}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := identity.InitCA(cfg.Dir); err != nil {
		return nil, err
	}
	address, err := c.addHub(log)
	if err != nil {
		return nil, err
	}
	c.Hub = address
	c.Began = time.Now()
	for i := range cfg.Lines {
		if address, err = c.addHop(i, address, log); err != nil {
			return nil, err
		}
	}
	c.Viewer, err = viewer.New(viewer.Config{URL: c.URL, Retry: retry, Tally: cfg.Tally, Keep: cfg.Keep}, log)
	if err != nil {
		return nil, err
	}
	c.add("viewer", c.Viewer.Run)
	return c, nil
}

// addHub makes the camera and the node that pulls it, and returns where lower
// nodes dial.
func (c *Chain) addHub(log *zap.Logger) (quic string, err error) {
	at, quic := freeport.Address(), freeport.Address()
	if c.Camera, err = camera.New(camera.Config{
		Listen: at, Source: c.cfg.Source, StampSound: c.cfg.StampSound,
	}, log); err != nil {
		return "", err
	}
	c.add("camera", c.Camera.Run)
	return quic, c.addNode(&config.Config{
		Node:   "hub",
		Listen: config.Listen{QUIC: quic},
		Feeds: map[media.FeedID]config.Feed{Feed: {
			Main:      "rtsp://" + at + "/main",
			Sub:       "rtsp://" + at + "/sub",
			Transport: config.TransportTCP,
			Always:    true, // so that the viewer starts from a cached key frame
		}},
	}, log)
}

// addHop makes the i-th line, which leads to target, and the node at its end.
func (c *Chain) addHop(i int, target string, log *zap.Logger) (quic string, err error) {
	line, err := netem.New(netem.Config{
		Listen: "127.0.0.1:0", Target: target,
		Up: c.cfg.Lines[i].Up, Down: c.cfg.Lines[i].Down,
		Seed: c.cfg.Seed + uint64(i)<<32, // each line has its own luck
	}, log)
	if err != nil {
		return "", err
	}
	c.Lines = append(c.Lines, line)
	c.add("line", line.Run)
	if err := c.addBeside(c.cfg.Lines[i].Beside, log); err != nil {
		return "", err
	}
	upper := c.names(i)
	cfg := &config.Config{
		Node:    c.names(i + 1),
		Parents: []config.Parent{{Address: line.Addr().String(), Node: upper}},
	}
	if i+1 == len(c.cfg.Lines) {
		cfg.Listen = config.Listen{RTSP: c.cfg.RTSP, RTP: config.RTPOff}
	} else {
		quic = freeport.Address()
		cfg.Listen = config.Listen{QUIC: quic}
	}
	return quic, c.addNode(cfg, log)
}

// names gives the i-th node's name.
func (c *Chain) names(i int) string {
	switch i {
	case 0:
		return "hub"
	case len(c.cfg.Lines):
		return "branch"
	}
	return "level-" + strconv.Itoa(i+1)
}

// addNode makes a node with an identity of its own.
func (c *Chain) addNode(cfg *config.Config, log *zap.Logger) error {
	if err := identity.Issue(c.cfg.Dir, cfg.Node); err != nil {
		return err
	}
	cfg.Identity = filepath.Join(c.cfg.Dir, cfg.Node)
	if err := cfg.Validate(); err != nil {
		return err
	}
	id, err := identity.Load(cfg.Identity)
	if err != nil {
		return err
	}
	node, err := relay.New(cfg, id, log, relay.Options{Version: c.cfg.Version})
	if err != nil {
		return err
	}
	c.Nodes = append(c.Nodes, node)
	c.add(cfg.Node, node.Run)
	return nil
}
