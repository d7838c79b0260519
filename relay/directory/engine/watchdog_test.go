package engine

import (
	"net"
	"testing"
	"time"
)

// The door of the level above takes connections and says nothing: the engine is restarted,
// nobody of the county is lost by that, and when the door is a machine's again there is a
// leaf link.
func TestAWayUpThatHangsIsMadeAnew(t *testing.T) {
	ca := newCA(t)
	city := machine(t, ca, "city-1", "x")
	door, err := leafDoor(city.Listen)
	if err != nil {
		t.Fatal(err)
	}
	hole, err := net.Listen("tcp", door)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hole.Close() }()
	cfg := machine(t, ca, "hub-a", "c1")
	cfg.Above, cfg.Watchdog = []string{city.Listen}, 2*time.Second
	hub := serve(t, cfg)
	heard := listen(t, hub.Below(), ">")
	is := Login{"s012", "secret"}
	school := attach(t, hub, is, is, rights("s012"))
	says(t, school, "node.c1.s012.ann", "before", heard)
	first := hub.current()
	began := time.Now()
	eventually(t, "the engine is restarted", func() bool { return hub.current() != first })
	says(t, school, "node.c1.s012.ann", "after", heard)
	if err := hole.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("a school is heard again %s after it was heard last", time.Since(began).Round(time.Millisecond))
	cityServer := serve(t, city)
	atCity := listen(t, cityServer.Below(), ">")
	eventually(t, "there is a leaf link", hub.LeadsUp)
	says(t, hub.Above(), "up.c1.hub-a.sum", "sum", atCity)
}
