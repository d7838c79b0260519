package relay

import (
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/directory"
	"github.com/classrelay/classrelay/relay/identity"
)

// Two hub machines that cannot see each other both serve their schools, and what one has
// the other finds by the city. When they see each other again, both list all.
func TestTwoHubsThatCannotSeeEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds of real time")
	}
	tr := newTree(t, "city", "hub-a", "hub-b")
	tcp := func() string { return freeport.Local(freeport.Row(2)) }
	city, hubA, hubB, aToB, bToA := tcp(), tcp(), tcp(), tcp(), tcp()
	lines := []*fibre{layFibre(t, aToB, hubB), layFibre(t, bToA, hubA)}
	cut := func(is bool) {
		for _, f := range lines {
			f.set(is)
		}
	}
	above := []string{city}
	top := tr.start(memberOf("city", "x", identity.City), config.County{Listen: city})
	hub := func(name, listen, other string) *running {
		at := config.County{Listen: listen, Hubs: []string{other}, Above: above}
		return tr.start(memberOf(name, "c1", identity.Hub), at, "city")
	}
	a, b := hub("hub-a", hubA, aToB), hub("hub-b", hubB, bToA)
	s1 := tr.start(memberOf("s1", "c1", identity.School), config.County{}, "hub-a")
	s2 := tr.start(memberOf("s2", "c1", identity.School), config.County{}, "hub-b")
	var clips []*clip
	play := func(n *running, id media.FeedID) {
		s := startClip(t, n.Node, id)
		go s.run() // ended below
		clips = append(clips, s)
	}
	defer func() {
		for _, s := range clips {
			close(s.stop)
		}
		for _, name := range []string{"s1", "s2", "hub-a", "hub-b", "city"} {
			tr.end(name)
		}
	}()
	play(s1, "s1/cam")
	play(s2, "s2/cam")
	for _, n := range []*running{a, b, top} {
		really(t, n.cfg.Node+" lists all", func() bool { return n.lists() == "s1/cam s2/cam" })
	}

	cut(true)
	play(s1, "s1/board")
	d := really(t, "the city knows of a new feed", func() bool { return strings.Contains(top.lists(), "s1/board") })
	t.Logf("cut: the city knows of a new feed after %s", d.Round(time.Millisecond))
	if strings.Contains(b.lists(), "s1/board") {
		t.Error("the cut line carries")
	}
	var ways []directory.Way
	d = really(t, "a school of the other hub is told where the feed is", func() bool {
		var err error
		ways, err = s2.place.Load().directory.Where(t.Context(), "s1/board")
		return err == nil && len(ways) > 0
	})
	t.Logf("cut: it is told %v after %s", ways[0].Path, d.Round(time.Millisecond))
	if got := strings.Join(ways[0].Path, "/"); got != "s1/hub-a/city/hub-b" {
		t.Errorf("the way is %s", got)
	}
	began := time.Now()
	if n := picture(t, s2.Node, "s1/board"); n == 0 {
		t.Error("no picture comes by the city")
	}
	t.Logf("cut: the first picture by the city after %s", time.Since(began).Round(time.Millisecond))

	cut(false)
	d = really(t, "both list all again", func() bool {
		const all = "s1/board s1/cam s2/cam"
		return a.lists() == all && b.lists() == all && top.lists() == all
	})
	t.Logf("they see each other again: both list all after %s", d.Round(time.Millisecond))
}

// picture waits for packets of a feed, up to a minute, and counts what came at once.
func picture(t *testing.T, n *Node, id media.FeedID) int {
	t.Helper()
	src, err := n.table.Watch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	wake := make(chan struct{}, 1)
	sub := src.Subscribe(media.LayerMain, wake)
	defer sub.Close()
	end := time.After(time.Minute)
	for {
		if got := sub.Read(nil); len(got) > 0 {
			return len(got)
		}
		select {
		case <-wake:
		case <-end:
			return 0
		}
	}
}
