package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/classrelay/classrelay/bench/netem"
	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/internal/freeport"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// school is a hub and a branch on real sockets, joined by QUIC, and a third node
// without links that plays the part of a camera: ffmpeg pushes to it, the hub pulls
// from it.
type school struct {
	t                 *testing.T
	pki               string
	gate, hub, branch *station
}

// station is a node and where it is found.
type station struct {
	*relay.Node
	rtsp, rtp, quic string
}

func (s *station) url(feed media.FeedID) string { return "rtsp://" + s.rtsp + "/" + string(feed) }

// newSchool starts the three. feeds tells what the hub pulls, once the gate's
// address is known; wire is the link, nil for none but the loopback.
func newSchool(t *testing.T, feeds func(gate *station) map[media.FeedID]config.Feed, wire *netem.Config) *school {
	t.Helper()
	s := &school{t: t, pki: t.TempDir()}
	if err := identity.InitCA(s.pki); err != nil {
		t.Fatal(err)
	}
	addr := addresses(3)
	s.gate, s.hub, s.branch = addr[0], addr[1], addr[2]
	s.run(s.gate, &config.Config{Node: "gate"})
	s.run(s.hub, &config.Config{
		Node: "hub", Identity: "pki", Listen: config.Listen{QUIC: s.hub.quic}, Feeds: feeds(s.gate),
		// Not the latency is in question here, and the machine may be busy.
		Links: config.Links{QueueAge: config.Duration(time.Second)},
	})
	parent := s.hub.quic
	if wire != nil {
		parent = s.lay(*wire).Addr().String()
	}
	s.run(s.branch, &config.Config{
		Node: "branch", Identity: "pki", Parents: []config.Parent{{Address: parent, Node: "hub"}},
	})
	s.await("the link", func() bool { return len(s.branch.Status().Links) > 0 })
	return s
}

// run runs a node until the test ends.
func (s *school) run(at *station, cfg *config.Config) {
	s.t.Helper()
	cfg.Listen.RTSP, cfg.Listen.RTP = at.rtsp, at.rtp
	var id *identity.Identity
	if cfg.Identity != "" {
		if err := identity.Issue(s.pki, cfg.Node); err != nil {
			s.t.Fatal(err)
		}
		var err error
		if id, err = identity.Load(filepath.Join(s.pki, cfg.Node)); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := cfg.Validate(); err != nil {
		s.t.Fatal(err)
	}
	log := zaptest.NewLogger(s.t, zaptest.Level(zap.InfoLevel)) // shown when the test fails
	var err error
	if at.Node, err = relay.New(cfg, id, log, relay.Options{}); err != nil {
		s.t.Fatal(err)
	}
	untilTheEnd(s.t, at.Run)
}

// untilTheEnd runs something until the test ends, and waits for it.
func untilTheEnd(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { // ended by the cleanup
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// lay puts an emulated link in front of the hub.
func (s *school) lay(cfg netem.Config) *netem.Relay {
	s.t.Helper()
	cfg.Listen, cfg.Target = "127.0.0.1:0", s.hub.quic
	line, err := netem.New(cfg, zap.NewNop())
	if err != nil {
		s.t.Fatal(err)
	}
	untilTheEnd(s.t, line.Run)
	s.t.Cleanup(func() {
		if st := line.Stats(); st.Overrun > 0 {
			s.t.Logf("the emulated link itself lost %d datagrams: the machine is too slow", st.Overrun)
		}
	})
	return line
}

// await waits until something is true, at most ten seconds.
func (s *school) await(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s did not come within ten seconds", what)
		}
	}
}

// push has ffmpeg push a file in real time until the test ends, and waits until
// the node has both tracks.
func (s *school) push(file string, to *station, feed media.FeedID, transport string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", file,
		"-c", "copy", "-f", "rtsp", "-rtsp_transport", transport, to.url(feed))
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		if s.t.Failed() && said.Len() > 0 {
			s.t.Logf("ffmpeg, pushing %s over %s, said:\n%s", feed, transport, said.String())
		}
	})
	s.await("the push "+string(feed), func() bool {
		for _, f := range to.Status().Feeds {
			if f.ID == feed {
				return f.Layers[media.LayerMain].Track != nil && f.Layers[media.LayerAudio].Track != nil
			}
		}
		return false
	})
}

// take is a recording: the bytes of the packets as they came.
type take struct {
	picture, sound []byte

	files [2]string
	done  chan error
}

// record has ffmpeg record a feed at the branch, the picture and the sound each for
// so long. A feed that the branch has not heard of yet is tried again. wait ends it.
func (s *school) record(feed media.FeedID, transport config.Transport, length time.Duration) *take {
	s.t.Helper()
	dir, ctx := s.t.TempDir(), s.t.Context()
	k := &take{files: [2]string{filepath.Join(dir, "picture"), filepath.Join(dir, "sound")}}
	k.done = make(chan error, 1)
	seconds := fmt.Sprint(length.Seconds())
	go func() { // ends with ffmpeg, which ends by itself or with the test
		var err error
		for range 5 {
			_, err = ffmpegtest.Try(ctx, "ffmpeg", "-y", "-rtsp_transport", string(transport), "-buffer_size", "4000000",
				"-i", s.branch.url(feed),
				"-map", "0:v", "-t", seconds, "-c", "copy", "-f", "data", k.files[0],
				"-map", "0:a", "-t", seconds, "-c", "copy", "-f", "data", k.files[1])
			if err == nil {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		k.done <- err
	}()
	return k
}

// wait waits for the end of the recording.
func (k *take) wait(t *testing.T) {
	t.Helper()
	if err := <-k.done; err != nil {
		t.Fatal(err)
	}
	k.picture, k.sound = read(t, k.files[0]), read(t, k.files[1])
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// addresses finds free ports for n nodes: an even one for RTSP (TCP) and RTP (UDP),
// the next one for RTCP, the one after that for QUIC.
func addresses(n int) (found []*station) {
	const each = 4 // so that every first one is even
	port := freeport.Row(each * n)
	for ; len(found) < n; port += each {
		at := freeport.Local(port)
		found = append(found, &station{rtsp: at, rtp: at, quic: freeport.Local(port + 2)})
	}
	return found
}
