package relay

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
)

// The page of classes at the hub, at a school and in the city: which rooms are on line,
// and what somebody there may do.
func TestThePageOfClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		wire := netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond}
		listen := config.Listen{QUIC: ":4433", HTTP: ":80", WebRTC: config.WebRTCOff}
		c.link("10.0.0.9", "10.0.0.1", wire)
		c.link("10.0.0.1", "10.0.0.2", wire)
		c.run("city", "10.0.0.9", &config.Config{Listen: listen, Access: county10()})
		c.run("hub", "10.0.0.1", &config.Config{
			Parents: []config.Parent{{Address: "10.0.0.9:4433"}}, Listen: listen, Access: county10(),
			Classes: map[string]config.Class{"maths": {Main: "yinshan", Rooms: map[string]media.FeedID{
				"banpo": "banpo/room", "xihe": "xihe/room", "yinshan": "yinshan/room",
			}}},
		})
		camera, err := benchcamera.New(benchcamera.Config{
			Listen: ":554", ListenTCP: c.net.Host("10.0.0.90").Listen, Source: &benchcamera.Synthetic{Seed: 1},
		}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		films := make(chan error, 1)
		go func() { films <- camera.Run(ctx) }() // ended by stop
		school := c.run("banpo", "10.0.0.2", &config.Config{
			Parents: []config.Parent{{Address: "10.0.0.1:4433"}}, Listen: listen, Access: county10(),
			Feeds: map[media.FeedID]config.Feed{"banpo/room": {
				Main: "rtsp://10.0.0.90:554/main", Sub: "rtsp://10.0.0.90:554/sub", Transport: config.TransportTCP,
			}},
		})
		time.Sleep(2 * time.Second)
		look := func(ip string) []console.Class {
			var list console.ClassList
			c.page("10.0.0.50", "http://"+ip+":80/api/v1/classes", &list)
			return list.Classes
		}
		room := func(node string, main, floor bool) console.Room {
			r := console.Room{Node: node, Feed: node + "/room", MayMain: main, MayFloor: floor, Online: node == "banpo"}
			if node != "yinshan" {
				r.Shows = "yinshan/room"
			}
			return r
		}
		for _, at := range []struct {
			name, ip string
			rooms    []console.Room
		}{
			{"the hub", "10.0.0.1", []console.Room{room("banpo", true, true), room("xihe", true, true), room("yinshan", false, false)}},
			{"a school", "10.0.0.2", []console.Room{room("banpo", true, true), room("xihe", false, false), room("yinshan", false, false)}},
			{"the city", "10.0.0.9", []console.Room{room("banpo", false, false), room("xihe", false, false), room("yinshan", false, false)}},
		} {
			got := look(at.ip)
			if len(got) != 1 || got[0].Feed != "class/maths" || got[0].Main != "yinshan" || got[0].MayHush ||
				!slices.Equal(got[0].Rooms, at.rooms) {
				t.Errorf("at %s:\n%+v, want\n%+v", at.name, got, at.rooms)
			}
		}
		if err := school.table.classes.change("maths", "yinshan", "banpo"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for ip, may := range map[string]bool{"10.0.0.1": true, "10.0.0.2": true, "10.0.0.9": false} {
			if got := look(ip); got[0].Floor != "banpo" || got[0].MayHush != may {
				t.Errorf("at %s: %+v", ip, got)
			}
		}
		c.close("banpo", "hub", "city")
		stop()
		if err := <-films; err != nil {
			t.Error(err)
		}
	})
}
