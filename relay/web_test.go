package relay

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
)

// page opens an address of a node from a host, over the simulated network.
func (c *county) page(from, url string, v any) int {
	c.t.Helper()
	transport := &http.Transport{DialContext: c.net.Host(from).DialContext, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if v != nil && resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, v); err != nil {
			c.t.Fatalf("%v in %s", err, body)
		}
	}
	return resp.StatusCode
}

// county10 lets every node and screen of the simulated network watch.
func county10() access.Config {
	return access.Config{Watch: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
}

// codes lists what the log of a node says, of a link or feed.
func codes(l *console.Log, about string) (list []string) {
	for _, line := range l.Lines {
		if line.Link == about || line.Feed == about {
			list = append(list, line.Code)
		}
	}
	return list
}

// The page of a branch tells of a lesson what its operator asks: who watches, how old
// the picture is, what the line does, and what has changed.
func TestThePageOfARunningClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 30 * time.Millisecond, Loss: 0.02})
		c.close("branch")
		c.branch = c.run("branch", "10.0.0.2", &config.Config{
			Parents: []config.Parent{{Address: "10.0.0.1:4433"}},
			Listen:  config.Listen{RTSP: ":8554", RTP: config.RTPOff, HTTP: ":80", WebRTC: config.WebRTCOff},
			Access:  county10(),
		})
		time.Sleep(2 * time.Second)
		var st console.Status
		if code := c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
		if len(st.Feeds) != 1 || st.Feeds[0].ID != "room-101" || !st.Feeds[0].Online || st.Feeds[0].Source != "node hub" ||
			st.Feeds[0].LatencyMS != nil {
			t.Errorf("before anybody watches: %+v", st.Feeds)
		}
		c.view(10*time.Second, func() {
			time.Sleep(9 * time.Second)
			c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st)
			c.checkLesson(&st)
		})
		var history console.History
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/history", &history)
		// Before the first link the parent goes by its address.
		i := slices.IndexFunc(history.Links, func(l console.LinkHistory) bool { return l.Peer == "hub" })
		if i < 0 || len(history.Links[i].At) < 5 || len(history.Links[i].Flows) == 0 {
			t.Errorf("history %+v", history)
		}
		c.end()
	})
}

func (c *class) checkLesson(st *console.Status) {
	c.t.Helper()
	if st.Node != "branch" || len(st.Feeds) != 1 || len(st.Links) != 1 || len(st.Players) != 1 {
		c.t.Fatalf("%+v", st)
	}
	f, l, p := st.Feeds[0], st.Links[0], st.Players[0]
	if f.Viewers != 1 || f.LatencyMS == nil || *f.LatencyMS < 30 || *f.LatencyMS > 120 || f.LatencyErrorMS == nil ||
		f.Problem != nil || !slices.Equal(f.Path, []string{"hub"}) {
		c.t.Errorf("feed %+v", f)
	}
	main := f.Layers[0]
	if main.Name != "main" || main.Codec != "H264" || main.Rate == nil || *main.Rate < 1e5 || main.KeyFrameAgeMS == nil ||
		*main.KeyFrameAgeMS > 5000 || main.Packets == 0 || main.Interest == 0 {
		c.t.Errorf("layer %+v", main)
	}
	if !l.Up || l.Peer != "hub" || !l.Dialled || l.Remote != "10.0.0.1:4433" || l.RTTMS == nil || *l.RTTMS < 60 ||
		l.Rate == nil || *l.Rate < 1e5 || l.LatencyMS == nil || l.LatencyMS.P99 < l.LatencyMS.P50 || *l.Repaired == 0 {
		c.t.Errorf("link %+v", l)
	}
	if l.Loss == nil || *l.Loss < 0.005 || *l.Loss > 0.06 || l.Overhead == nil || *l.Overhead <= 0 {
		c.t.Errorf("loss %v, overhead %v", l.Loss, l.Overhead)
	}
	if i := slices.IndexFunc(l.Flows, func(f console.Flow) bool { return f.Layer == "main" }); i < 0 ||
		l.Flows[i].Direction != "in" || !l.Flows[i].Active || l.Flows[i].Feed != "room-101" {
		c.t.Errorf("flows %+v", l.Flows)
	}
	if p.Kind != "rtsp" || p.Layer != "main" || p.Frames < 100 || p.Since == nil || p.Remote != "" {
		c.t.Errorf("player %+v", p)
	}
}

func TestThePageSaysWhatHasHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 5 * time.Millisecond})
		c.run("branch", "10.0.0.2", &config.Config{
			Parents: []config.Parent{{Address: "10.0.0.1:4433", Node: "hub"}},
			Listen:  config.Listen{HTTP: ":80", WebRTC: config.WebRTCOff},
			Feeds:   map[media.FeedID]config.Feed{"gone": {Main: "rtsp://10.0.0.9:554/main", Always: true}},
			Access:  county10(),
		})
		time.Sleep(20 * time.Second)
		var st console.Status
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st)
		if l := st.Links[0]; l.Up || l.Peer != "hub" || l.Remote != "10.0.0.1:4433" || l.Problem == nil ||
			l.Problem.Code != "no-link" || !strings.Contains(l.Problem.Text.ZH, "没有应答") {
			t.Errorf("before the hub is there: %+v", l)
		}
		if f := st.Feeds[0]; f.Online || f.OfflineSince == nil || f.Problem == nil || f.Problem.Code != "offline" ||
			!strings.Contains(f.Problem.Text.EN, "connection refused") {
			t.Errorf("a camera that is not there: %+v, %+v", f, f.Problem)
		}
		hub := c.start("hub", "10.0.0.1")
		time.Sleep(10 * time.Second)
		s := startClip(t, hub.Node, "room")
		go s.run() // ended below
		time.Sleep(2 * time.Second)
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st)
		if len(st.Links) != 1 || !st.Links[0].Up || st.Links[0].Problem != nil {
			t.Errorf("with the hub: %+v", st.Links)
		}
		close(s.stop)
		c.close("hub")
		time.Sleep(20 * time.Second) // an attempt to dial it takes five
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st)
		i := slices.IndexFunc(st.Feeds, func(f console.Feed) bool { return f.ID == "room" })
		if len(st.Links) != 1 || st.Links[0].Up || i >= 0 {
			t.Errorf("without it again: %+v, feed %d", st.Links, i)
		}
		var log console.Log
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/log", &log)
		if got := codes(&log, "hub"); !slices.Equal(got, []string{"no-link", "link-up", "link-down", "no-link"}) {
			t.Errorf("of the hub it says %v", got)
		}
		if got := codes(&log, "gone"); !slices.Equal(got, []string{"feed-offline"}) {
			t.Errorf("of the camera it says %v", got)
		}
		c.close("branch")
	})
}

func TestAReloadChangesWhoSeesThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		cfg := &config.Config{Listen: config.Listen{HTTP: ":80", WebRTC: config.WebRTCOff}, Access: county10()}
		node := c.run("branch", "10.0.0.2", cfg)
		time.Sleep(time.Second)
		if code := c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", nil); code != http.StatusOK {
			t.Errorf("status %d", code)
		}
		shut := *cfg
		shut.Access = access.Config{}
		if _, err := node.Reload(&shut); err != nil {
			t.Fatal(err)
		}
		if code := c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", nil); code != http.StatusForbidden {
			t.Errorf("status %d after the reload", code)
		}
		if code := c.page("10.0.0.50", "http://10.0.0.2:80/", nil); code != http.StatusOK {
			t.Errorf("the page itself answers %d", code)
		}
		if code := c.page("10.0.0.2", "http://10.0.0.2:80/metrics", nil); code != http.StatusNotFound {
			t.Errorf("the admin page is here, too: %d", code)
		}
		c.close("branch")
	})
}

func TestPortsThatAreTakenAreNamedAndTheOthersClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		host := c.net.Host("10.0.0.2")
		for _, tt := range []struct {
			key, taken string
			listen     config.Listen
		}{
			{"listen.https", ":443", config.Listen{HTTP: ":80", HTTPS: ":443", WebRTC: config.WebRTCOff}},
			{"listen.rtsp", ":8554", config.Listen{HTTP: ":80", HTTPS: ":443", RTSP: ":8554", RTP: config.RTPOff, WebRTC: config.WebRTCOff}},
		} {
			by, err := host.Listen("tcp", tt.taken)
			if err != nil {
				t.Fatal(err)
			}
			r := c.run("branch", "10.0.0.2", &config.Config{Listen: tt.listen})
			if err := <-r.done; err == nil || !strings.Contains(err.Error(), tt.key) {
				t.Errorf("%v, want it to name %s", err, tt.key)
			}
			_ = by.Close()
			again, err := host.Listen("tcp", ":80")
			if err != nil {
				t.Errorf("after %s: %v", tt.key, err)
				continue
			}
			_ = again.Close()
			r.stop()
		}
	})
}

func TestHTTPSShowsTheNodesCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		node := c.run("branch", "10.0.0.2", &config.Config{Listen: config.Listen{
			HTTP: ":80", HTTPS: ":443", WebRTC: config.WebRTCOff,
		}, Access: county10()})
		time.Sleep(time.Second)
		c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/session", nil)
		tls := node.id.WebTLS()
		tls.InsecureSkipVerify = true //nolint:gosec // the certificate is looked at below
		transport := &http.Transport{
			DialContext: c.net.Host("10.0.0.50").DialContext, TLSClientConfig: tls, ForceAttemptHTTP2: true,
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://10.0.0.2:443/api/v1/session", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var s console.Session
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || s.HTTPSPort == nil || *s.HTTPSPort != 443 || !s.May.Watch {
			t.Errorf("%v, %+v", err, s)
		}
		_ = resp.Body.Close()
		if name := resp.TLS.PeerCertificates[0].Subject.CommonName; name != "branch" || resp.ProtoMajor != 2 {
			t.Errorf("the certificate is of %s, HTTP/%d", name, resp.ProtoMajor)
		}
		transport.CloseIdleConnections()
		c.close("branch")
	})
}

func TestANodeWithHTTPSNeedsAnIdentity(t *testing.T) {
	_, err := New(&config.Config{Node: "a", Listen: config.Listen{HTTPS: ":443"}}, nil, nil, Options{})
	if err == nil || !strings.Contains(err.Error(), "identity") {
		t.Error(err)
	}
}

// browser is a way to play that does what it is told.
type browser struct {
	opened, ended bool
	fail          chan error
}

func (b *browser) open() error { b.opened = true; return nil }

func (b *browser) run(ctx context.Context) error {
	defer func() { b.ended = true }()
	select {
	case err := <-b.fail:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (b *browser) watching() []console.Player {
	return []console.Player{{Feed: "room", Kind: "whep", Layer: "main", Remote: "10.0.0.50"}}
}

func TestPlayersInABrowserOpenRunAndEndWithThePages(t *testing.T) {
	for _, name := range []string{"when the node ends", "when they fail"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCounty(t)
				n, err := New(&config.Config{
					Node: "a", Listen: config.Listen{HTTP: ":80", WebRTC: config.WebRTCOff}, Access: county10(),
				}, nil, zap.NewNop(), Options{Network: Network{Listen: c.net.Host("10.0.0.2").Listen}})
				if err != nil {
					t.Fatal(err)
				}
				b := &browser{fail: make(chan error, 1)}
				n.pages.players = append(n.pages.players, playersHere{b.open, b.run, b.watching})
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- n.Run(ctx) }() // ends by stop, or by the player
				time.Sleep(2 * time.Second)
				var st console.Status
				c.page("10.0.0.50", "http://10.0.0.2:80/api/v1/status", &st)
				if !b.opened || len(st.Players) != 1 || st.Players[0].Kind != "whep" {
					t.Errorf("opened %v, players %+v", b.opened, st.Players)
				}
				want := ""
				if name == "when they fail" {
					want = "listen.webrtc: broken"
					b.fail <- errBroken
				} else {
					stop()
				}
				err = <-done
				if (err == nil) != (want == "") || err != nil && err.Error() != want {
					t.Errorf("the node ends with %v, want %q", err, want)
				}
				if !b.ended {
					t.Error("the player runs on")
				}
				stop()
			})
		})
	}
}
