package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/bench/viewer"
)

// house is a school with two lines, wired and mobile, to a hub: two network namespaces
// with two cables between them. The hub has an address that is reached over either.
type house struct {
	*classroom
	school, county netem.Namespace
	branch         *process
}

const (
	hubIP  = "10.81.0.1"
	wired  = "wired"
	mobile = "mobile"
)

// ip runs ip(8).
func ip(t *testing.T, args string, values ...any) {
	t.Helper()
	cmd := strings.Fields(fmt.Sprintf(args, values...))
	if out, err := exec.Command("ip", cmd...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(cmd, " "), err, out)
	}
}

// openHouse starts everything; the school has these parents.
func openHouse(t *testing.T, parents ...string) *house {
	t.Helper()
	if err := netem.CanRoute(); err != nil {
		t.Skip(err)
	}
	name := fmt.Sprintf("cr%d", os.Getpid())
	h := &house{
		classroom: &classroom{t: t, lost: make(chan error, 1)},
		school:    netem.Namespace{Name: name + "s"},
		county:    netem.Namespace{Name: name + "c"},
	}
	for _, ns := range []string{h.school.Name, h.county.Name} {
		ip(t, "netns add %s", ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() }) // takes its cables along
		ip(t, "-n %s link set lo up", ns)
	}
	ip(t, "-n %s addr add %s/32 dev lo", h.county.Name, hubIP)
	for i, line := range []string{wired, mobile} {
		ip(t, "-n %s link add %s type veth peer name %s netns %s", h.school.Name, line, line, h.county.Name)
		ip(t, "-n %s addr add 10.81.%d.2/24 dev %s", h.school.Name, i+1, line)
		ip(t, "-n %s addr add 10.81.%d.1/24 dev %s", h.county.Name, i+1, line)
		for _, ns := range []string{h.school.Name, h.county.Name} {
			ip(t, "-n %s link set %s up", ns, line)
		}
		ip(t, "-n %s route add default via 10.81.%d.1 dev %s metric %d", h.school.Name, i+1, line, i+1)
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{"ca", "init", "--dir", dir},
		{"ca", "issue", "--dir", dir, "--name", "hub", "--host", hubIP},
		{"ca", "issue", "--dir", dir, "--name", "branch"},
	} {
		if r := program(t, "", args...); r.status != 0 {
			t.Fatal(r.err)
		}
	}
	h.cam = launchIn(t, h.county, "camera", "--listen", "127.0.0.1:8554")
	h.node = launchIn(t, h.county, "serve", "--config", file(t, dir, "hub.yaml", `
node: hub
identity: hub
listen: {quic: ":4433", rtsp: "127.0.0.1:8555", rtp: "off"}
feeds: {room-101: {main: "rtsp://127.0.0.1:8554/main", sub: "rtsp://127.0.0.1:8554/sub", transport: tcp}}
`))
	h.branch = launchIn(t, h.school, "serve", "--config", file(t, dir, "branch.yaml", `
node: branch
identity: branch
listen: {rtsp: "127.0.0.1:8554", rtp: "off"}
parents: [%s]
`, strings.Join(parents, ", ")))
	h.branch.says("link up", len(parents))
	h.watch()
	return h
}

// launchIn is launch in a namespace.
func launchIn(t *testing.T, ns netem.Namespace, args ...string) *process {
	t.Helper()
	return start(t, ns.Command(t.Context(), os.Args[0], args...), args[0])
}

// watch starts a viewer at the school.
func (h *house) watch() {
	var err error
	h.viewer, err = viewer.New(viewer.Config{
		URL: "rtsp://127.0.0.1:8554/room-101",
		DialContext: func(_ context.Context, network, address string) (conn net.Conn, err error) {
			err = h.school.Do(func() error {
				conn, err = net.DialTimeout(network, address, patience)
				return err
			})
			return conn, err
		},
	}, zaptest.NewLogger(h.t))
	if err != nil {
		h.t.Fatal(err)
	}
	h.run(func(ctx context.Context) { h.lost <- h.viewer.Run(ctx) })
}

// The wired line is pulled and the mobile one takes over; then there is none for a
// second, and the wired one is back with another address. One socket serves for all, and
// the connection follows it. How long the picture stood still is only logged: it depends
// on the machine, and relay holds it in virtual time.
func TestThePictureSurvivesAPulledCable(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a quarter of a minute")
	}
	h := openHouse(t, `"`+hubIP+`:4433"`)
	h.picture()
	for _, step := range []struct {
		name string
		cut  func()
	}{
		{"the wired line is pulled", func() { ip(t, "-n %s link set %s down", h.school.Name, wired) }},
		{"a second without any line, and the wired one has another address", func() {
			ip(t, "-n %s link set %s down", h.school.Name, mobile)
			time.Sleep(time.Second)
			ip(t, "-n %s addr flush dev %s", h.school.Name, wired)
			ip(t, "-n %s addr add 10.81.1.3/24 dev %s", h.school.Name, wired)
			ip(t, "-n %s link set %s up", h.school.Name, wired)
			ip(t, "-n %s route add default via 10.81.1.1 dev %s metric 1", h.school.Name, wired)
		}},
	} {
		time.Sleep(3 * time.Second) // the lesson goes on
		before := h.viewer.Report(0).FramesGood
		step.cut()
		h.picture()
		time.Sleep(time.Second)
		h.picture()
		t.Logf("%s: %d frames since, the longest stall so far %.0f ms, links down so far: %d", step.name,
			h.viewer.Report(0).FramesGood-before, h.viewer.Report(0).LongestStallMs, strings.Count(h.branch.said(), "link down"))
	}
}

// A link over each line, the sockets bound to the interfaces, all media over both: one
// line is pulled, and nothing is seen of it. On a machine with other things to do frames
// come late for other reasons, so the stall is only logged.
func TestThePictureComesOverTwoLinesAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a quarter of a minute")
	}
	via := func(line, more string) string {
		return fmt.Sprintf(`{address: "%s:4433", via: %s%s}`, hubIP, line, more)
	}
	h := openHouse(t, via(wired, ""), via(mobile, ", duplicate: true"))
	h.picture()
	for _, line := range []string{wired, mobile} {
		time.Sleep(3 * time.Second) // the lesson goes on
		ip(t, "-n %s link set %s down", h.school.Name, line)
		time.Sleep(time.Second)
		h.picture()
		t.Logf("%s is pulled: the longest stall so far %.0f ms", line, h.viewer.Report(0).LongestStallMs)
		if line == mobile {
			return
		}
		time.Sleep(7 * time.Second) // the link over it is given up
		ip(t, "-n %s link set %s up", h.school.Name, line)
		ip(t, "-n %s route add default via 10.81.1.1 dev %s metric 1", h.school.Name, line)
		h.branch.says("link up", 3)
	}
}
