package camera

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
)

// Camera is one camera. Make it with New, switch it on with Run. The other
// methods are for tests; all are safe for concurrent use.
type Camera struct {
	cfg  Config
	log  *zap.Logger
	tone [][]byte

	mu      sync.Mutex
	orders  orders
	number  uint64 // of the last picture stamped
	sounds  uint64 // of the last sound
	packets uint64
	bytes   uint64
	journal journal

	wake chan struct{} // capacity 1; full means that Run will look anyway
}

// orders is what the test has asked for and Run has not done yet.
type orders struct {
	paused bool
	drop   bool
	reboot bool
	// keys are when somebody asked for a key picture of main or sub; zero: nobody.
	keys   [media.LayerAudio]time.Time
	darkly time.Duration // how long a reboot takes
	jump   time.Duration // by how much the wall clock is wrong
}

// New makes a camera that is off.
func New(cfg Config, log *zap.Logger) (*Camera, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "camera"
	}
	if cfg.Source == nil {
		clip, err := Embedded()
		if err != nil {
			return nil, fmt.Errorf("camera %s: %w", cfg.Name, err)
		}
		cfg.Source = clip
	}
	return &Camera{
		cfg:  cfg,
		log:  log.With(zap.String("camera", cfg.Name)),
		tone: tone(),
		wake: make(chan struct{}, 1),

		number: cfg.Above,
	}, nil
}

// Run switches the camera on until ctx ends. It returns an error when it cannot
// listen, nil on a normal stop.
func (c *Camera) Run(ctx context.Context) error {
	for {
		if err := c.cycle(ctx); err != nil {
			return fmt.Errorf("camera %s: %w", c.cfg.Name, err)
		}
		var dark <-chan time.Time // nil, which never comes, unless rebooting
		if d, ordered := c.takeReboot(); ordered {
			c.log.Info("rebooting", zap.Duration("dark", d))
			dark = time.After(d)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-dark:
		}
	}
}

// cycle is one time between power on and power off: until ctx ends or somebody
// orders a reboot.
func (c *Camera) cycle(ctx context.Context) error {
	var outlets []outlet
	if c.cfg.Listen != "" {
		s, err := newServer(&c.cfg, c.RequestKey)
		if err != nil {
			return err
		}
		defer s.close()
		outlets = append(outlets, s)
	}
	stopPush, pushers := c.startPushers(ctx)
	defer stopPush()
	outlets = append(outlets, pushers...)
	run, err := newShow(c, outlets, time.Now())
	if err != nil {
		return err
	}
	return run.play(ctx)
}

// startPushers returns the pushers and what stops them and waits for them.
func (c *Camera) startPushers(ctx context.Context) (stop func(), outlets []outlet) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for layer, url := range []string{media.LayerMain: c.cfg.PushMain, media.LayerSub: c.cfg.PushSub} {
		if url == "" {
			continue
		}
		p := newPusher(&c.cfg, media.Layer(layer), url, c.RequestKey, c.log)
		outlets = append(outlets, p)
		running.Go(func() { p.run(ctx) }) // ends with ctx; stop waits for it
	}
	return func() {
		cancel()
		running.Wait()
	}, outlets
}

// Pause holds the camera still (true): connections stay, nothing is sent and no
// frame is numbered, as with an encoder that hangs. False lets it go on.
func (c *Camera) Pause(paused bool) { c.order(func(o *orders) { o.paused = paused }) }

// DropClients closes all RTSP connections to the camera's server.
func (c *Camera) DropClients() { c.order(func(o *orders) { o.drop = true }) }

// Reboot takes the camera off the network for so long; then it begins with a key
// picture, new RTP timestamps and the next frame number, or with ByClock that of the
// moment.
func (c *Camera) Reboot(dark time.Duration) {
	c.order(func(o *orders) { o.reboot, o.darkly = true, dark })
}

// JumpClock moves the camera's wall clock, as a time server does: it shows in
// the times of RTCP sender reports, not in the stamps.
func (c *Camera) JumpClock(by time.Duration) { c.order(func(o *orders) { o.jump += by }) }

// RequestKey asks for a key picture of a layer, LayerMain or LayerSub, as a client
// does that begins to play and one that sends a PLI.
func (c *Camera) RequestKey(layer media.Layer) {
	if layer.IsVideo() {
		c.order(func(o *orders) { o.keys[layer] = time.Now() })
	}
}

func (c *Camera) order(f func(*orders)) {
	c.mu.Lock()
	f(&c.orders)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// takeOrders returns the orders and marks those done that are done at once.
func (c *Camera) takeOrders() orders {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.orders
	c.orders.drop = false
	c.orders.keys = [media.LayerAudio]time.Time{}
	return o
}

func (c *Camera) takeReboot() (dark time.Duration, ordered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ordered, c.orders.reboot = c.orders.reboot, false
	return c.orders.darkly, ordered
}

// Stats is what a camera has sent, counted once however many viewers there are.
type Stats struct {
	LastFrame uint64 // number of the last picture stamped; Config.Above = none yet
	LastSound uint64
	Packets   uint64
	Bytes     uint64 // RTP payload
}

// Stats returns the counters of this moment.
func (c *Camera) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{LastFrame: c.number, LastSound: c.sounds, Packets: c.packets, Bytes: c.bytes}
}

// nextNumber is the number of a picture that is due, which has that number if the
// camera counts by the clock.
func (c *Camera) nextNumber(due uint64) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	if c.cfg.ByClock {
		c.number = due
	}
	return c.number
}

func (c *Camera) nextSound() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sounds++
	return c.sounds
}

func (c *Camera) count(packets, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packets += uint64(packets)
	c.bytes += uint64(bytes)
}
