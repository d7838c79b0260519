package listing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/classrelay/classrelay/bench/capacity/usage"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/internal/pause"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/relay/identity"
)

// Config says what to measure.
type Config struct {
	Schools int           // how many schools
	Streams int           // how many feeds each of them has
	For     time.Duration // how long the hub is watched at rest
	News    int           // how many new feeds, one after the other
	// Program runs this program once more, with other arguments.
	Program func(ctx context.Context, args ...string) *exec.Cmd
	// Progress is told in words what is being done. Nil: nobody is.
	Progress func(string)
}

const (
	// joinWithin bounds the time until all is listed.
	joinWithin = 2 * time.Minute
	// settle is waited for before the hub is watched at rest.
	settle = 6 * time.Second
	// newsWithin bounds the wait for one new feed.
	newsWithin = 20 * time.Second
)

// bench is one run.
type bench struct {
	cfg     Config
	dir     string
	hub     *hub
	beside  *observer
	above   *observer
	schools []*school
	ended   sync.WaitGroup
	failed  context.CancelCauseFunc
}

// Run measures. It returns what it has with the error, when it was broken off.
func Run(ctx context.Context, cfg Config) (r Result, err error) {
	dir, err := os.MkdirTemp("", "classrelay-directory-")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is the system's
	b := &bench{cfg: cfg, dir: dir}
	ctx, b.failed = context.WithCancelCause(ctx)
	defer b.ended.Wait()
	defer b.failed(nil)
	r = Result{Schools: cfg.Schools, Streams: cfg.Streams}
	b.say("certificates for %d schools", cfg.Schools)
	if err := b.certificates(); err != nil {
		return r, err
	}
	if err := b.machines(ctx); err != nil {
		return r, err
	}
	defer b.hub.Stop()
	for _, step := range []func(context.Context, *Result) error{b.join, b.rest, b.news, b.questions} {
		if err := step(ctx, &r); err != nil {
			return r, errors.Join(err, b.hub.Alive())
		}
	}
	return r, nil
}

func (b *bench) say(format string, args ...any) {
	if b.cfg.Progress != nil {
		b.cfg.Progress(fmt.Sprintf(format, args...))
	}
}

func (b *bench) certificates() error {
	if err := identity.InitCA(b.dir); err != nil {
		return err
	}
	members := []identity.Member{
		{Node: hubName, County: county, Role: identity.Hub},
		{Node: beside, County: county, Role: identity.Hub},
		{Node: above, County: "city", Role: identity.City},
	}
	for i := range b.cfg.Schools {
		name := fmt.Sprintf("s%03d", i+1)
		members = append(members, identity.Member{Node: name, County: county, Role: identity.School, School: name})
		s := &school{name: name}
		for f := range b.cfg.Streams {
			id := media.FeedID(fmt.Sprintf("%s/room-%d", name, f+1))
			s.feeds = append(s.feeds, directory.Feed{ID: id, Online: true, Layers: layers()})
		}
		b.schools = append(b.schools, s)
	}
	for _, m := range members {
		if err := identity.IssueMember(b.dir, m); err != nil {
			return err
		}
	}
	for _, s := range b.schools {
		id, err := identity.Load(filepath.Join(b.dir, s.name))
		if err != nil {
			return err
		}
		s.id = id
	}
	return nil
}

// machines starts the hub and those that hear it, and waits until they are joined.
func (b *bench) machines(ctx context.Context) (err error) {
	b.say("a hub, a second one beside it, and a city above")
	at, next, up := freeport.Local(freeport.Row(2)), freeport.Local(freeport.Row(2)), freeport.Local(freeport.Row(2))
	city := identity.Member{Node: above, County: "city", Role: identity.City}
	b.above, err = observe(ctx, city, b.dir, up, nil, &b.ended)
	if err != nil {
		return err
	}
	hubB := identity.Member{Node: beside, County: county, Role: identity.Hub}
	if b.beside, err = observe(ctx, hubB, b.dir, next, []string{at}, &b.ended); err != nil {
		return err
	}
	if b.hub, err = startHub(b.cfg.Program, b.dir, at, next, up); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinWithin, errors.New("the machines do not find each other"))
	defer cancel()
	err = errors.Join(b.beside.untilNode(ctx, hubName), b.above.untilNode(ctx, hubName))
	if err != nil {
		err = errors.Join(err, b.hub.Alive())
		b.hub.Stop()
	}
	return err
}

// join has all schools dial, and waits until all they have is listed.
func (b *bench) join(ctx context.Context, r *Result) error {
	b.say("%d schools dial", len(b.schools))
	within, cancel := context.WithTimeoutCause(ctx, joinWithin, errors.New("not all feeds are listed within two minutes"))
	defer cancel()
	began := time.Now()
	var dials sync.WaitGroup
	var mu sync.Mutex
	var last time.Time
	for _, s := range b.schools {
		dials.Go(func() { // ends when the school is connected, or with within
			if err := s.dial(within, b.hub.quic); err != nil {
				b.failed(err)
				return
			}
			up := make(chan struct{})
			b.ended.Go(func() { // ends with ctx
				if err := s.run(ctx, func() { close(up) }); err != nil && ctx.Err() == nil {
					b.failed(err)
				}
			})
			select {
			case <-up:
			case <-within.Done():
			}
			mu.Lock()
			defer mu.Unlock()
			last = time.Now()
		})
	}
	dials.Wait()
	for _, s := range b.schools {
		r.Turned += s.turned
	}
	if err := context.Cause(within); err != nil {
		return err
	}
	n := b.cfg.Schools * b.cfg.Streams
	there, err := b.beside.untilFeeds(within, n)
	if err != nil {
		_, have := b.beside.Len()
		return fmt.Errorf("%w: %d of %d", err, have, n)
	}
	top, err := b.above.untilFeeds(within, n)
	if err != nil {
		return fmt.Errorf("at the level above: %w", err)
	}
	r.Connected, r.Listed, r.ListedAbove = ms(last.Sub(began)), ms(there.Sub(began)), ms(top.Sub(began))
	return nil
}

// rest watches the hub while nothing happens but what is repeated.
func (b *bench) rest(ctx context.Context, r *Result) error {
	b.say("the hub at rest for %s", b.cfg.For)
	if err := pause.For(ctx, settle); err != nil {
		return err
	}
	pid := b.hub.PID()
	before, err := usage.Of(pid)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := pause.For(ctx, b.cfg.For); err != nil {
		return err
	}
	after, err := usage.Of(pid)
	if err != nil {
		return err
	}
	rss, err := usage.RSS(pid)
	if err != nil {
		return err
	}
	r.CPU = 100 * after.Sub(before).Total() / time.Since(began).Seconds()
	r.Memory = float64(rss) / (1 << 20)
	return nil
}

// news has one school after the other get one feed more, and waits until others know.
func (b *bench) news(ctx context.Context, r *Result) error {
	b.say("%d new feeds", b.cfg.News)
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same schools in every run
	var beside, above []float64
	for i := range b.cfg.News {
		s := b.schools[rng.IntN(len(b.schools))]
		id := media.FeedID(fmt.Sprintf("%s/new-%d", s.name, i))
		within, cancel := context.WithTimeoutCause(ctx, newsWithin, fmt.Errorf("feed %s is not seen", id))
		began := time.Now()
		s.more(id)
		there, err := b.beside.untilFeed(within, id)
		if err == nil {
			beside = append(beside, ms(there.Sub(began)))
			there, err = b.above.untilFeed(within, id)
		}
		cancel()
		if err != nil {
			return err
		}
		above = append(above, ms(there.Sub(began)))
		if err := pause.For(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	r.New, r.NewAbove = spreadOf(beside), spreadOf(above)
	return nil
}

// questions has schools ask where feeds of others are.
func (b *bench) questions(ctx context.Context, r *Result) error {
	b.say("%d questions", b.cfg.News)
	rng := rand.New(rand.NewPCG(2, 2)) //nolint:gosec // the same schools in every run
	var took []float64
	for range b.cfg.News {
		s, of := b.schools[rng.IntN(len(b.schools))], b.schools[rng.IntN(len(b.schools))]
		began := time.Now()
		ways, err := s.dir.Where(ctx, of.feeds[0].ID)
		if err != nil {
			return err
		}
		if len(ways) == 0 {
			return fmt.Errorf("school %s is told that nobody has %s", s.name, of.feeds[0].ID)
		}
		took = append(took, ms(time.Since(began)))
	}
	r.Asked = spreadOf(took)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// spreadOf is the middle, the 95th of 100 and the highest of some times.
func spreadOf(v []float64) Spread {
	slices.Sort(v)
	return Spread{Median: quantile.Of(v, 50), P95: quantile.Of(v, 95), Highest: quantile.Of(v, 100)}
}
