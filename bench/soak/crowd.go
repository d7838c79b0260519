package soak

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/viewer"
)

const (
	// A viewer comes every comeEvery seconds on average and stays for up to
	// stayMost: two or three are there at a time, and some thousand in a day.
	comeEvery = 20 * time.Second
	stayLeast = 2 * time.Second
	stayMost  = 90 * time.Second
	crowdMost = 8
	// rushEvery viewers one finds that the whole class comes at once.
	rush, rushEvery = 5, 15
)

// crowd is viewers beside the steady one, who come and go: some say goodbye, some
// vanish, some want the sub stream. Its owner calls turn.
type crowd struct {
	url    string
	random *rand.Rand
	next   time.Duration // when the next one comes
	there  []*visitor
	leaves sync.WaitGroup
	log    *zap.Logger
}

type visitor struct {
	until time.Duration
	stop  func()
}

func newCrowd(url string, seed uint64, log *zap.Logger) *crowd {
	return &crowd{url: url, random: rand.New(rand.NewPCG(seed, 2)), log: log} //nolint:gosec // repeatable chance
}

func (c *crowd) size() int { return len(c.there) }

// turn lets viewers leave whose time is up, and others come.
func (c *crowd) turn(at time.Duration) {
	stay := c.there[:0]
	for _, v := range c.there {
		if at < v.until {
			stay = append(stay, v)
			continue
		}
		c.leaves.Go(v.stop) // ends when the viewer has, a moment later; leave waits for it
	}
	clear(c.there[len(stay):])
	c.there = stay
	if at < c.next {
		return
	}
	c.next = at + time.Duration(c.random.ExpFloat64()*float64(comeEvery))
	n := 1
	if c.random.IntN(rushEvery) == 0 {
		n = rush
	}
	for range min(n, crowdMost-len(c.there)) {
		c.come(at)
	}
}

func (c *crowd) come(at time.Duration) {
	url := c.url
	if c.random.IntN(3) == 0 {
		url += "?layer=sub"
	}
	line := &cable{}
	v, err := viewer.New(viewer.Config{URL: url, DialContext: line.dial}, c.log)
	if err != nil {
		return // the same address as the steady viewer's
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends by cancel, or when the branch ends the stream; stop waits for it
		defer close(done)
		_ = v.Run(ctx) // it may be refused during an outage, as people are
	}()
	pulled := c.random.IntN(2) == 0
	stay := stayLeast + time.Duration(c.random.Int64N(int64(stayMost-stayLeast)))
	c.there = append(c.there, &visitor{until: at + stay, stop: func() {
		if pulled {
			line.pull()
		}
		cancel()
		<-done
	}})
}

// leave sends all home and waits.
func (c *crowd) leave() {
	for _, v := range c.there {
		v.stop()
	}
	c.there = nil
	c.leaves.Wait()
}

// cable is a viewer's connection, which can be pulled out.
type cable struct {
	mu   sync.Mutex
	conn net.Conn
}

func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	return conn, err
}

// pull resets the connection without a goodbye.
func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, as from a machine that was switched off
		_ = tcp.Close()
	}
}

// trouble is what a camera does in a long day.
type trouble struct {
	camera *camera.Camera
	random *rand.Rand
	next   time.Duration
	done   int
}

const (
	// The camera has a trouble every quarter of an hour.
	troubleEvery = 15 * time.Minute
	darkFor      = 2 * time.Second // of a reboot
	clockJump    = time.Hour
)

func newTrouble(c *camera.Camera, seed uint64) *trouble {
	return &trouble{camera: c, random: rand.New(rand.NewPCG(seed, 3)), next: troubleEvery / 10} //nolint:gosec // the same
}

// turn makes the camera start anew, lose its clients or set its clock, in turns.
func (t *trouble) turn(at time.Duration) {
	if at < t.next {
		return
	}
	t.next = at + troubleEvery/2 + time.Duration(t.random.Int64N(int64(troubleEvery)))
	switch t.done % 4 {
	case 0:
		t.camera.JumpClock(clockJump)
	case 1:
		t.camera.DropClients()
	case 2:
		t.camera.JumpClock(-clockJump)
	case 3:
		t.camera.Reboot(darkFor)
	}
	t.done++
}
