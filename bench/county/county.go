package county

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/process"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/relay/identity"
)

// Config says what a county is made of.
type Config struct {
	// Dir is an empty folder for certificates, configurations and logs. Required.
	Dir string
	// Program is classrelay, and Env what it finds in its environment beside ours.
	// Required.
	Program string
	Env     []string
	// Schools is how many there are; 0 = 6.
	Schools int
	// Seed is where all chance on the lines comes from.
	Seed uint64
}

// most schools on one machine: what ports and processes allow without thought.
const most = 40

// Validate names the key that cannot work.
func (c *Config) Validate() error {
	if c.Schools < 0 || c.Schools == 1 || c.Schools > most {
		return fmt.Errorf("%d schools: 2 to %d are possible", c.Schools, most)
	}
	return nil
}

// County is a county that runs. Make it with Start; its methods are safe for
// concurrent use.
type County struct {
	cfg     Config
	log     *zap.Logger
	at      map[string]addresses
	lines   map[string][]*netem.Relay // of a place, in the order of its parents
	fibres  map[string]*fibre         // of hubs and the city
	cameras map[string]string         // the RTSP address of a school's camera
	stop    func()                    // cameras and lines

	mu    sync.Mutex
	nodes map[string]*process.Process
}

// addresses are where a node listens, its school's camera, and for a machine that joins the
// directory of the level above, this end of the fibre to it. Machines of a level below come
// in at the port after machines, and dial the one after above.
type addresses struct {
	quic, rtsp, http, webrtc, camera, machines, leafDoor, above, fibre string
}

// portsEach is how many ports addresses has.
const portsEach = 9

func addressesFrom(port int) addresses {
	at := freeport.Local
	return addresses{
		quic: at(port), rtsp: at(port + 1), http: at(port + 2), webrtc: at(port + 3), camera: at(port + 4),
		machines: at(port + 5), leafDoor: at(port + 6), above: at(port + 7), fibre: at(port + 8),
	}
}

// Start makes all parts and switches them on, those above first. The county runs
// until Stop.
func Start(cfg Config, log *zap.Logger) (*County, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Schools == 0 {
		cfg.Schools = 6
	}
	c := &County{
		cfg: cfg, log: log,
		at: make(map[string]addresses), lines: make(map[string][]*netem.Relay), fibres: make(map[string]*fibre),
		cameras: make(map[string]string),
		nodes:   make(map[string]*process.Process),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	c.stop = func() { cancel(); parts.Wait() }
	err := c.build(func(run func(context.Context) error) {
		parts.Go(func() { _ = run(ctx) }) // ends by stop; what cannot listen shows as a picture that never comes
	})
	for _, place := range places(cfg.Schools) {
		if err == nil && isSchool(place, cfg.Schools) {
			err = c.join(ctx, place) // the hubs run already
		}
		if err == nil {
			err = c.startNode(place)
		}
	}
	if err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// build makes certificates, addresses, cameras and lines.
func (c *County) build(run func(func(context.Context) error)) error {
	pki := filepath.Join(c.cfg.Dir, "pki")
	if err := identity.InitCA(pki); err != nil {
		return err
	}
	lines, all := 0, places(c.cfg.Schools)
	port := freeport.Row(len(all) * portsEach) // in one row, so that no two places get the same
	for i, place := range all {
		if err := issue(pki, place); err != nil {
			return err
		}
		c.at[place] = addressesFrom(port + i*portsEach)
		for _, up := range parents(place) {
			lines++
			p := profile(place)
			line, err := netem.New(netem.Config{
				Listen: "127.0.0.1:0", Target: c.at[up].quic, Up: p, Down: p, Seed: c.cfg.Seed + uint64(lines)<<32,
			}, c.log)
			if err != nil {
				return err
			}
			c.lines[place] = append(c.lines[place], line)
			run(line.Run)
		}
		if isHub(place) || place == city {
			f, err := layFibre(c.at[place].fibre, c.at[parents(place)[0]].leafDoor)
			if err != nil {
				return err
			}
			c.fibres[place] = f
			run(f.Run)
		}
		if isSchool(place, c.cfg.Schools) {
			if err := c.addCamera(place, run); err != nil {
				return err
			}
		}
	}
	netem.Processors(lines)
	return nil
}

// addCamera gives a school its camera, whose pictures tell by their numbers whose it is.
func (c *County) addCamera(place string, run func(func(context.Context) error)) error {
	at := c.at[place].camera
	cam, err := camera.New(camera.Config{Name: place, Listen: at, Above: uint64(c.number(place)) * apart}, c.log)
	if err != nil {
		return err
	}
	c.cameras[place] = at
	run(cam.Run)
	return nil
}

// Schools lists the schools.
func (c *County) Schools() []string { return places(c.cfg.Schools)[4:] }

// Cut cuts all lines of a place to those above it, or mends them.
func (c *County) Cut(place string, cut bool) {
	for _, l := range c.lines[place] {
		l.SetDown(cut)
	}
	if f := c.fibres[place]; f != nil {
		f.cut(cut)
	}
}

// Kill ends a node without a goodbye.
func (c *County) Kill(place string) {
	c.mu.Lock()
	n := c.nodes[place]
	delete(c.nodes, place)
	c.mu.Unlock()
	if n != nil {
		n.Kill()
	}
}

// Restart starts a node that was killed.
func (c *County) Restart(place string) error { return c.startNode(place) }

// rtsp is where a place gives out a feed.
func (c *County) rtsp(place, feed string) string { return "rtsp://" + c.at[place].rtsp + "/" + feed }

// Pages is where a place shows itself in a browser.
func (c *County) Pages(place string) string { return "http://" + c.at[place].http + "/" }

// Stop ends everything, those below first, and waits.
func (c *County) Stop() {
	c.mu.Lock()
	var ending sync.WaitGroup
	for _, n := range c.nodes {
		ending.Go(n.Stop) // each has its time
	}
	c.mu.Unlock()
	ending.Wait()
	c.stop()
}

// Lost says in words which of a county's nodes are gone and should not be.
func (c *County) Lost() error {
	err := c.alive()
	if errors.Is(err, process.ErrEnded) {
		return fmt.Errorf("the county is not whole: %w", err)
	}
	return err
}
