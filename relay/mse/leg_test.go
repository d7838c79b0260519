package mse

import (
	"slices"
	"testing"
	"time"

	"github.com/classrelay/classrelay/media"
)

// path is a leg in a test, looked at each 10 ms.
type path struct {
	t       *testing.T
	leg     leg
	now     time.Time
	changes []time.Duration
}

// run lets time pass: the socket is behind for so long of each 200 ms.
func (p *path) run(d, behind time.Duration) {
	const period, step = 200 * time.Millisecond, 10 * time.Millisecond
	for at := time.Duration(0); at < d; at += step {
		p.now = p.now.Add(step)
		if p.leg.note(p.now, at%period < behind) {
			p.changes = append(p.changes, p.now.Sub(time.Unix(0, 0)).Round(100*time.Millisecond))
		}
	}
}

func (p *path) expect(seconds ...float64) {
	p.t.Helper()
	want := make([]time.Duration, 0, len(seconds))
	for _, s := range seconds {
		want = append(want, time.Duration(s*float64(time.Second)))
	}
	if !slices.Equal(p.changes, want) {
		p.t.Errorf("changes after %v, want %v", p.changes, want)
	}
}

func newPath(t *testing.T) *path { t.Helper(); return &path{t: t, now: time.Unix(0, 0)} }

func TestALegThatIsNowAndThenBehindKeepsMain(t *testing.T) {
	p := newPath(t)
	for range 20 {
		p.run(8*time.Second, 10*time.Millisecond)
		p.run(time.Second, time.Second) // it is out for a second
	}
	p.expect()
}

func TestALegThatIsBehindGivesMainUpAndTriesAgainEverLater(t *testing.T) {
	p := newPath(t)
	p.run(10*time.Second, 0)
	for range 200 { // main is always too much, sub is not
		behind := 200 * time.Millisecond
		if p.leg.sub {
			behind = 20 * time.Millisecond
		}
		p.run(time.Second, behind)
	}
	p.expect(11.5, 23.2, 25.5, 47.2, 49.5, 91.2, 93.5, 175.2, 177.5)
}

func TestALegThatIsGoodAgainGetsMainSoon(t *testing.T) {
	p := newPath(t)
	p.run(5*time.Second, 200*time.Millisecond)
	p.run(60*time.Second, 20*time.Millisecond)
	p.run(5*time.Second, 200*time.Millisecond)
	p.run(30*time.Second, 20*time.Millisecond)
	if len(p.changes) != 4 {
		t.Fatalf("changes after %v", p.changes)
	}
	for _, i := range []int{1, 3} {
		if took := p.changes[i] - p.changes[i-1]; took > 18*time.Second {
			t.Errorf("main again after %v", took)
		}
	}
}

func TestALegThatCannotCarrySubIsNotTried(t *testing.T) {
	p := newPath(t)
	p.run(120*time.Second, 180*time.Millisecond)
	p.expect(1.8)
}

// filmBoth shows n pictures of both layers.
func (r *room) filmBoth(n int) {
	r.t.Helper()
	for range n {
		for _, l := range []media.Layer{media.LayerMain, media.LayerSub} {
			r.layer = l
			r.picture()
			r.shown--
		}
		r.shown++
		time.Sleep(40 * time.Millisecond)
	}
}

func TestAPageWhoseWayFallsGetsTheSubStreamAndMainAgainWhenItIsGood(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.feed.SetTrack(media.LayerSub, h264)
		p, beside, wish := r.open("room/1"), r.open("room/1"), r.open("room/1?layer=main")
		pace := func(rate float64, pages ...*page) {
			for _, p := range pages {
				p.mu.Lock()
				p.rate = rate
				p.mu.Unlock()
			}
		}
		r.filmBoth(100)
		pace(1e6/8, p, wish) // the clip's main has 2.1 Mbit/s, its sub 0.45
		r.filmBoth(250)
		if got := p.starts(); !slices.Equal(got, []string{"main", "sub"}) {
			t.Fatalf("at 1 Mbit/s the page got %v", got)
		}
		before := len(p.pictures())
		r.filmBoth(50)
		pace(0, p, wish)
		if n := len(p.pictures()) - before; n < 48 { // more, while it catches up
			t.Errorf("%d of 50 pictures of sub came at 1 Mbit/s", n)
		}
		r.filmBoth(500)
		if got := p.starts(); !slices.Equal(got, []string{"main", "sub", "main"}) {
			t.Errorf("the page got %v", got)
		}
		if got := wish.starts(); !slices.Equal(got, []string{"main"}) {
			t.Errorf("the page that asks for main got %v", got)
		}
		if got := beside.starts(); !slices.Equal(got, []string{"main"}) || len(beside.pictures()) != 900 {
			t.Errorf("the page beside it got %v, %d pictures", got, len(beside.pictures()))
		}
	})
}

// starts are the layers that a page was told of.
func (p *page) starts() (layers []string) {
	for _, s := range p.saw().starts {
		layers = append(layers, s.Layer)
	}
	return layers
}
