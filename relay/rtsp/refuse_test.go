package rtsp

import (
	"errors"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
)

func TestRefusals(t *testing.T) {
	li := access.HashUser("li", "secret")
	for _, c := range []struct {
		name, from, url string
		rules           access.Config
		status          base.StatusCode
		says            string // in the log
	}{
		{"an unknown feed", "10.0.0.9", "rtsp://10.0.0.1:8554/nowhere", access.Config{Watch: anywhere}, 404, "no such feed"},
		{"a name that cannot be", "10.0.0.9", "rtsp://10.0.0.1:8554/a/../b", access.Config{Watch: anywhere}, 404, "only dots"},
		{"a feed that does not come", "10.0.0.9", "rtsp://10.0.0.1:8554/silent", access.Config{Watch: anywhere}, 503, "offline"},
		{"a wrong password", "10.0.0.9", "rtsp://li:wrong@10.0.0.1:8554/room-1", access.Config{}, 401, "wrong name or password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, c.rules, []access.User{li}, func(t *testing.T, s *school) {
				t.Helper()
				s.feed("silent")
				s.feed("room-1").SetTrack(media.LayerMain, h264)
				u := parse(t, c.url)
				client := s.client(t, c.from)
				client.Scheme, client.Host = u.Scheme, u.Host
				if err := client.Start2(); err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				_, _, err := client.Describe(u)
				var bad liberrors.ErrClientBadStatusCode
				if !errors.As(err, &bad) || bad.Code != c.status {
					t.Errorf("answered %v, want %d", err, c.status)
				}
				lines := s.seen.FilterMessage("RTSP request refused").All()
				if len(lines) != 1 || !strings.Contains(lines[0].ContextMap()["reason"].(string), c.says) {
					t.Errorf("logged %+v, want %q", lines, c.says)
				}
			})
		})
	}
}

func TestLoginAndLoopback(t *testing.T) {
	for _, c := range []struct{ name, from, url string }{
		{"a user logs in", "10.0.0.9", "rtsp://li:secret@10.0.0.1:8554/room-1"},
		{"this machine needs no login", "127.0.0.1", "rtsp://10.0.0.1:8554/room-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			teach(t, access.Config{}, []access.User{access.HashUser("li", "secret")}, func(t *testing.T, s *school) {
				t.Helper()
				f := s.feed("room-1")
				f.SetTrack(media.LayerMain, h264)
				client, k, _ := s.watch(t, c.from, c.url)
				defer client.Close()
				(&camera{t: t, feed: f}).film(3)
				k.mu.Lock()
				defer k.mu.Unlock()
				if len(k.packets) != 6 {
					t.Errorf("%d packets came", len(k.packets))
				}
			})
		})
	}
}
