package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	benchcamera "github.com/classrelay/classrelay/bench/camera"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/config"
)

// leaks is everything that a node has let out, by where.
type leaks struct{ places, texts []string }

func (o *leaks) keep(place, text string) {
	o.places, o.texts = append(o.places, place), append(o.texts, text)
}

// fetch keeps what a page of the node says.
func (c *county) fetch(o *leaks, url string, lasts time.Duration) {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), lasts)
	defer stop()
	transport := &http.Transport{DialContext: c.net.Host("10.0.0.50").DialContext, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // events end with ctx
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		c.t.Fatal(err)
	}
	if len(body) == 0 {
		c.t.Errorf("%s says nothing", url)
	}
	o.keep(url, fmt.Sprint(resp.Status, resp.Header, string(body)))
}

// metrics keeps what monitoring reads.
func (o *leaks) metrics(n *Node) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{node: n})
	w := &page{header: make(http.Header)}
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, &http.Request{Method: http.MethodGet})
	o.keep("metrics", w.body.String())
}

type page struct {
	header http.Header
	body   strings.Builder
}

func (p *page) Header() http.Header         { return p.header }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
func (p *page) WriteHeader(int)             {}

// Passwords of cameras, wherever the makers want them in the address, are in no log at
// any level, on no page, in no metric and in no answer of the interface: while the camera
// plays, refuses the login, has no such stream, does not answer, or answers nonsense.
func TestNobodyIsToldTheirPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		host := c.net.Host("10.0.0.9")
		camera, err := benchcamera.New(benchcamera.Config{
			Listen: ":554", ListenTCP: host.Listen, User: "admin", Password: "geheim/1",
			Source: &benchcamera.Synthetic{},
		}, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- camera.Run(ctx) }() // ended below
		feeds := make(map[media.FeedID]config.Feed)
		for name, main := range map[media.FeedID]string{
			"plays":    "rtsp://admin:geheim%2F1@10.0.0.9:554/main",
			"refused":  "rtsp://admin:geheim-2@10.0.0.9:554/main",
			"path":     "rtsp://admin:geheim%2F1@10.0.0.9:554/user=admin_password=geheim-3_channel=1",
			"silent":   "rtsp://admin:geheim-4@10.0.0.8:554/main?pwd=geheim-5",
			"snapshot": "rtsp://admin:geheim%2F1@10.0.0.9:554/sub",
		} {
			feeds[name] = config.Feed{Main: main, Transport: config.TransportTCP, Always: true}
		}
		f := feeds["snapshot"]
		f.Snapshot = "http://admin:geheim-6@10.0.0.8/snap.cgi?usr=a&pwd=geheim-7"
		feeds["snapshot"] = f

		core, said := observer.New(zapcore.DebugLevel)
		c.log = zap.New(core)
		hub := c.run("hub", "10.0.0.1", &config.Config{
			Listen: config.Listen{HTTP: ":80", WebRTC: config.WebRTCOff}, Access: county10(), Feeds: feeds,
		})
		time.Sleep(30 * time.Second)
		var all leaks
		for _, path := range []string{"status", "feeds", "links", "history", "log", "classes", "snapshot/snapshot"} {
			c.fetch(&all, "http://10.0.0.1:80/api/v1/"+path, time.Minute)
		}
		c.fetch(&all, "http://10.0.0.1:80/api/v1/events", 5*time.Second)
		all.metrics(hub.Node)
		st, err := json.Marshal(hub.Status())
		if err != nil {
			t.Fatal(err)
		}
		all.keep("status", string(st))
		out, err := hub.cfg.Effective()
		if err != nil {
			t.Fatal(err)
		}
		all.keep("the printed configuration", string(out))
		for _, e := range said.All() {
			all.keep("log", fmt.Sprint(e.Message, e.ContextMap()))
		}
		for i, text := range all.texts {
			if strings.Contains(text, "geheim") {
				t.Errorf("%s shows a password:\n%s", all.places[i], text)
			}
		}
		for _, words := range []string{"camera plays", "check user name and password", "no such stream", "10.0.0.8"} {
			if !strings.Contains(strings.Join(all.texts, "\n"), words) {
				t.Errorf("nothing says %q: the cameras have not done what they should", words)
			}
		}
		c.close("hub")
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
