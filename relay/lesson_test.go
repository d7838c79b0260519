package relay

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/bench/stamp"
	"github.com/classrelay/classrelay/bench/viewer"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// apart is by how much the numbers of two schools' pictures differ, so that a viewer can
// tell whose he sees: 11 hours.
const apart = 1_000_000

// nplusn is an N+N class: a hub, and schools with a camera and a screen each.
type nplusn struct {
	*county
	schools []*running
	screens []*screen
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// screen is a terminal that shows the class at a school and never connects again.
type screen struct {
	mu    sync.Mutex
	seen  map[int]time.Time // when a picture of a school first came since the last turn
	wrong int               // pictures that were broken
	err   chan error
}

// Keep implements viewer.Keeper.
func (s *screen) Keep(_ media.Codec, _ [][]byte, p stamp.Stamp, verdict error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if verdict != nil {
		s.wrong++
		return
	}
	from := int(p.Number / apart)
	if s.seen[from].IsZero() {
		s.seen[from] = time.Now()
	}
}

// turn forgets what was seen.
func (s *screen) turn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = make(map[int]time.Time)
}

// first is when a school's picture came; zero: it did not.
func (s *screen) first(school int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[school]
}

func schoolName(i int) string { return fmt.Sprintf("school-%d", i) }

func newNPlusN(t *testing.T, schools int, wire netem.Profile) *nplusn {
	t.Helper()
	return newNPlusNWith(t, schools, wire, config.Links{})
}

// newNPlusNWith is newNPlusN with a hub that has rules for its links.
func newNPlusNWith(t *testing.T, schools int, wire netem.Profile, links config.Links) *nplusn {
	t.Helper()
	c := &nplusn{county: newCounty(t)}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	rooms := make(map[string]media.FeedID)
	for i := 1; i <= schools; i++ {
		rooms[schoolName(i)] = media.FeedID(schoolName(i) + "/room")
	}
	c.run("hub", "10.0.0.1", &config.Config{
		Listen:  config.Listen{QUIC: ":4433"},
		Links:   links,
		Classes: map[string]config.Class{"maths": {Main: schoolName(1), Rooms: rooms}},
	})
	for i := 1; i <= schools; i++ {
		ip, cam := fmt.Sprintf("10.0.1.%d", i), fmt.Sprintf("10.0.2.%d", i)
		c.link("10.0.0.1", ip, wire)
		host := c.net.Host(cam)
		camera, err := benchcamera.New(benchcamera.Config{
			Listen: ":554", ListenTCP: host.Listen, Above: uint64(i) * apart,
			Source: &benchcamera.Synthetic{Seed: uint64(i)},
		}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		c.wg.Go(func() { _ = camera.Run(ctx) }) // ended by end
		c.schools = append(c.schools, c.run(schoolName(i), ip, &config.Config{
			Parents: []config.Parent{{Address: "10.0.0.1:4433"}},
			Listen:  config.Listen{RTSP: ":8554", RTP: config.RTPOff},
			Access:  county10(),
			Feeds: map[media.FeedID]config.Feed{rooms[schoolName(i)]: {
				Main: "rtsp://" + cam + ":554/main", Sub: "rtsp://" + cam + ":554/sub", Transport: config.TransportTCP,
			}},
		}))
	}
	time.Sleep(time.Second) // the links come up
	for i := 1; i <= schools; i++ {
		c.watch(ctx, i)
	}
	return c
}

// watch puts a screen up at a school.
func (c *nplusn) watch(ctx context.Context, school int) {
	s := &screen{err: make(chan error, 1)}
	s.turn()
	ip := fmt.Sprintf("10.0.1.%d", school)
	v, err := viewer.New(viewer.Config{
		URL: "rtsp://" + ip + ":8554/class/maths", DialContext: c.net.Host(ip).DialContext, Keep: s,
	}, zap.NewNop())
	if err != nil {
		c.t.Fatal(err)
	}
	c.wg.Go(func() { s.err <- v.Run(ctx) }) // ended by end
	c.screens = append(c.screens, s)
}

// end stops everything and tells whether a screen was thrown out.
func (c *nplusn) end() {
	c.t.Helper()
	c.stop()
	c.wg.Wait()
	for i, s := range c.screens {
		if err := <-s.err; err != nil {
			c.t.Errorf("the screen of school %d was thrown out: %v", i+1, err)
		}
		if s.wrong > 0 {
			c.t.Errorf("school %d was shown %d broken pictures", i+1, s.wrong)
		}
	}
	names := []string{"hub"}
	for i := range c.schools {
		names = append([]string{schoolName(i + 1)}, names...)
	}
	c.close(names...)
}

// Four schools; each becomes the main school in turn, asked for by itself, over lines
// that lose packets. Its picture is on every other screen within a second, no screen
// connects again, no link is made anew, and nobody sees his own room.
func TestEverySchoolBecomesTheMainSchool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const schools = 4
		c := newNPlusN(t, schools, netem.Profile{Rate: 100e6, Delay: 30 * time.Millisecond, Loss: 0.01, Burst: 2})
		time.Sleep(3 * time.Second)
		for i, main := range []int{2, 3, 4, 1, 3} {
			for _, s := range c.screens {
				s.turn()
			}
			began := time.Now()
			if err := c.schools[main-1].table.classes.change("maths", schoolName(main), ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			slowest := time.Duration(0)
			for school := 1; school <= schools; school++ {
				s := c.screens[school-1]
				at := s.first(main)
				switch {
				case school == main && !at.IsZero():
					t.Errorf("school %d sees its own room", school)
				case school == main:
				case at.IsZero():
					t.Errorf("school %d does not see school %d", school, main)
				default:
					slowest = max(slowest, at.Sub(began))
				}
			}
			t.Logf("turn %d: school %d is on every screen after %v", i+1, main, slowest)
			if slowest > time.Second {
				t.Errorf("it took %v", slowest)
			}
		}
		c.end()
	})
}

// A link that may carry one sub stream and no more: what was shown must not keep away what
// is to be shown now, as it did for as long as the old feed was held on to.
func TestAThinLinkShowsTheNewMainSchool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newNPlusNWith(t, 3, netem.Profile{Rate: 100e6, Delay: 20 * time.Millisecond}, config.Links{MaxRate: 1_200_000})
		time.Sleep(6 * time.Second) // the main school sees nothing; a player bears that for ten seconds
		for i, main := range []int{2, 1, 2} {
			c.screens[2].turn()
			began := time.Now()
			if err := c.schools[main-1].table.classes.change("maths", schoolName(main), ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			switch took := c.screens[2].first(main).Sub(began); {
			case took < 0:
				t.Errorf("turn %d: school %d is not seen after 3 s", i+1, main)
			case took > time.Second:
				t.Errorf("turn %d: school %d is seen after %s", i+1, main, took)
			default:
				t.Logf("turn %d: school %d is seen after %s", i+1, main, took)
			}
		}
		c.end()
	})
}

// The main school sees who has the floor, and a room that has it still sees the main
// school.
func TestTheMainSchoolSeesWhoHasTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newNPlusN(t, 3, netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		time.Sleep(2 * time.Second)
		for _, floor := range []int{2, 3} {
			for _, s := range c.screens {
				s.turn()
			}
			if err := c.schools[0].table.classes.change("maths", schoolName(1), schoolName(floor)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			if c.screens[0].first(floor).IsZero() {
				t.Errorf("the main school does not see school %d", floor)
			}
			for school := 2; school <= 3; school++ {
				if c.screens[school-1].first(1).IsZero() || !c.screens[school-1].first(floor).IsZero() {
					t.Errorf("school %d sees %v", school, c.screens[school-1].seen)
				}
			}
		}
		if err := c.schools[1].table.classes.change("maths", schoolName(3), ""); err == nil {
			t.Error("a room that is not the main school makes another the main school")
		}
		c.end()
	})
}
