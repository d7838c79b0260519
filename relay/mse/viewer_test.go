package mse

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/classrelay/classrelay/internal/ffmpegtest"
	"github.com/classrelay/classrelay/media"
)

func TestAPageGetsTheCachedGroupAndThenEveryPictureAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stream.mp4")
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.film(10)
		begun := time.Now()
		p := r.open("room/1")
		r.film(100)
		got := p.pictures()
		if len(got) != 110 {
			t.Fatalf("%d pictures came, want 110", len(got))
		}
		if !got[0].key || got[0].pts[0] != 0 {
			t.Errorf("it begins with %+v", got[0])
		}
		for i, f := range got {
			want := begun.Add(time.Duration(max(0, i-10)) * 40 * time.Millisecond)
			if late := f.at.Sub(want); late < 0 || i <= 10 && late > 40*time.Millisecond || i > 10 && late > time.Millisecond {
				t.Fatalf("picture %d came %v late", i, late)
			}
		}
		// The cached ones are stamped close together, the live ones as they were taken.
		for i := 12; i < len(got); i++ {
			if d := got[i].pts[0] - got[i-1].pts[0]; d != 3600 {
				t.Fatalf("picture %d is %d behind the one before", i, d)
			}
		}
		if s := p.saw().starts; len(s) != 1 || s[0] != (startMessage{"start", `video/mp4; codecs="avc1.640028"`, "main", 1920, 1080}) {
			t.Errorf("starts: %+v", s)
		}
		if n := len(p.saw().clocks); n != 4 {
			t.Errorf("%d clock messages in four seconds", n)
		}
		for _, c := range p.saw().clocks {
			// 5 ms from the camera, and what has passed of a picture.
			if age := c.Now - c.Capture; age < 5 || age > 45 {
				t.Errorf("%+v", c)
			}
		}
		if len(p.saw().states) != 0 {
			t.Errorf("states: %+v", p.saw().states)
		}
		all := r.server.Players()
		if len(all) != 1 || all[0].Frames != 110 || all[0].Dropped != 0 || all[0].User != "teacher" || all[0].Feed != "room/1" {
			t.Errorf("players: %+v", all)
		}
		p.leave()
		if err := os.WriteFile(file, p.saw().stream, 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := len(r.server.Players()); n != 0 {
			t.Errorf("%d players are left", n)
		}
	})
	t.Run("ffmpeg decodes them all", func(t *testing.T) {
		ffmpegtest.Need(t, "ffmpeg")
		if n := len(ffmpegtest.Decoded(t, file, "v")); n != 110 {
			t.Errorf("%d pictures, want 110", n)
		}
	})
}

func TestSoundComesAlong(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.feed.SetTrack(media.LayerAudio, opus)
		p := r.open("room/1")
		for range 50 {
			r.picture()
			for range 2 {
				r.sound()
				time.Sleep(20 * time.Millisecond)
			}
		}
		units := 0
		for _, f := range p.saw().parts {
			units += f.sound
		}
		if units < 97 || units > 100 {
			t.Errorf("%d units of sound, want 100", units)
		}
		if len(p.saw().starts) != 1 || p.saw().starts[0].MIME != `video/mp4; codecs="avc1.640028,opus"` {
			t.Errorf("starts: %+v", p.saw().starts)
		}
		p.leave()
	})
}

func TestThePageIsToldThatTheCameraIsAwayAndThatItIsBack(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		p := r.open("room/1")
		r.film(10)
		last := time.Now().Add(-40 * time.Millisecond)
		time.Sleep(30 * time.Second)
		if len(p.saw().states) != 1 || p.saw().states[0].State != "offline" || p.saw().states[0].Since.Sub(last).Abs() > 2*time.Millisecond {
			t.Fatalf("states: %+v, want offline since %v", p.saw().states, last)
		}
		r.ssrc, r.shown = 2, 0
		r.film(10)
		if len(p.saw().states) != 2 || p.saw().states[1].State != "online" || p.saw().states[1].Since != nil {
			t.Errorf("states: %+v", p.saw().states)
		}
		got := p.pictures()
		if len(got) != 20 || len(p.saw().starts) != 1 {
			t.Fatalf("%d pictures, %d starts", len(got), len(p.saw().starts))
		}
		if d := time.Duration(got[10].pts[0]-got[9].pts[0]) * time.Second / 90000; d != got[10].at.Sub(got[9].at) {
			t.Errorf("stamped %v apart, came %v apart", d, got[10].at.Sub(got[9].at))
		}
		p.leave()
	})
}

func TestAPageWaitsForACameraThatIsNotThereYet(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.mu.Lock()
		r.offline = true
		r.mu.Unlock()
		p := r.open("room/1")
		opened := time.Now()
		time.Sleep(20 * time.Second)
		if len(p.saw().states) != 1 || p.saw().states[0].State != "offline" || p.saw().states[0].Since.Sub(opened).Abs() > time.Second {
			t.Fatalf("states: %+v", p.saw().states)
		}
		r.mu.Lock()
		r.offline = false
		r.mu.Unlock()
		r.feed.SetTrack(media.LayerMain, h264)
		time.Sleep(4 * time.Second)
		r.film(10)
		if n := len(p.pictures()); n != 10 || p.saw().states[len(p.saw().states)-1].State != "online" {
			t.Errorf("%d pictures, states %+v", n, p.saw().states)
		}
		p.leave()
	})
}

func TestAViewerThatStopsReadingSkipsToTheNewestKeyFrame(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		slow, quick := r.open("room/1"), r.open("room/1")
		r.film(20)
		hold := make(chan struct{})
		slow.mu.Lock()
		slow.hold = hold
		slow.mu.Unlock()
		for range 20 { // 4 s: less than a write may take
			r.film(5)
			for _, st := range r.server.Players() {
				const picture = 400 << 10 // the clip's largest is smaller
				if st.Waiting > outboxSize+picture {
					t.Fatalf("%d bytes wait", st.Waiting)
				}
			}
		}
		slow.mu.Lock()
		slow.hold = nil
		slow.mu.Unlock()
		close(hold)
		r.film(100)
		all, got := quick.pictures(), slow.pictures()
		if len(all) != 220 {
			t.Fatalf("%d pictures came to the quick viewer", len(all))
		}
		for i, f := range all {
			if late := f.at.Sub(all[0].at) - time.Duration(i)*40*time.Millisecond; late != 0 {
				t.Fatalf("picture %d came %v late to the quick viewer", i, late)
			}
		}
		// 20 before, what the outbox and the pipe held, and the 120 from a key frame on.
		if len(got) > 180 || len(got) < 140 {
			t.Errorf("%d pictures came to the slow viewer", len(got))
		}
		if r.wanted() == 0 {
			t.Error("nobody asked for a key frame")
		}
		skips := 0
		for i := 1; i < len(got); i++ {
			if got[i].pts[0]-got[i-1].pts[0] > 3600+90 && !got[i].key { // in whole pictures
				skips++
			}
		}
		if skips != 0 {
			t.Errorf("%d times pictures were left out without a key frame behind them", skips)
		}
		// At the end it is as far as the other one.
		if a, b := all[len(all)-1], got[len(got)-1]; a.at != b.at {
			t.Errorf("the last picture came %v later to the slow viewer", b.at.Sub(a.at))
		}
		var dropped uint64
		for _, st := range r.server.Players() {
			dropped = max(dropped, st.Dropped)
		}
		if dropped == 0 {
			t.Error("nothing is counted as dropped")
		}
		slow.leave()
		quick.leave()
	})
}

func TestAViewerThatTakesNothingIsSentAway(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		p := r.dial("room/1", "http://node") // and never reads
		if p.err != nil {
			t.Fatal(p.err)
		}
		r.film(25 * 8)
		if n := len(r.server.Players()); n != 0 {
			t.Errorf("%d players after eight seconds", n)
		}
		_ = p.conn.CloseNow()
	})
}

func TestAnotherLayerAnotherCodecAndSoundThatComesLaterEachBeginAnew(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.feed.SetTrack(media.LayerSub, h264)
		p := r.open("room/1")
		r.film(30)
		r.layer, r.shown = media.LayerSub, 0
		r.film(100)
		if n := len(p.saw().starts); n != 2 || p.saw().starts[1].Layer != "sub" || p.saw().starts[1].Width >= p.saw().starts[0].Width {
			t.Fatalf("starts: %+v", p.saw().starts)
		}
		r.feed.SetTrack(media.LayerAudio, opus)
		r.film(50)
		for _, st := range p.saw().starts[2:] { // main, which the ring still has, and sub
			if !strings.Contains(st.MIME, "opus") {
				t.Fatalf("starts: %+v", p.saw().starts)
			}
		}
		r.feed.SetTrack(media.LayerMain, h265)
		r.feed.SetTrack(media.LayerSub, nil)
		time.Sleep(3 * time.Second)
		if st := p.saw().states; len(st) == 0 || st[len(st)-1].State != "offline" {
			t.Errorf("states: %+v", st)
		}
		r.feed.SetTrack(media.LayerMain, h264)
		r.layer, r.shown = media.LayerMain, 0
		r.film(50)
		if st := p.saw().starts[len(p.saw().starts)-1]; st.Layer != "main" || st.Width != 1920 {
			t.Fatalf("starts: %+v", p.saw().starts)
		}
		last := int64(-1)
		for i, f := range p.pictures() {
			if f.pts[0] <= last {
				t.Fatalf("picture %d is stamped %d behind %d", i, f.pts[0], last)
			}
			last = f.pts[0]
		}
		p.leave()
	})
}

func TestAPageMayAskForALayer(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.feed.SetTrack(media.LayerSub, h264)
		p := r.open("room/1?layer=sub")
		r.film(5)
		r.layer, r.shown = media.LayerSub, 0
		r.film(5)
		if n := len(p.pictures()); n != 5 || p.saw().starts[0].Layer != "sub" {
			t.Errorf("%d pictures: %+v", n, p.saw().starts)
		}
		p.leave()
	})
}

func TestThoseWhoAreNotServedAreToldWhy(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerAudio, pcma)
		for _, c := range []struct {
			name, path string
			code       websocket.StatusCode
			reason     string
			status     int // for those without a page
		}{
			{"nobody has such a feed", "room/2", CodeUnknownFeed, "unknown-feed", 0},
			{"a name that no feed can have", "..%2f", CodeUnknownFeed, "unknown-feed", http.StatusNotFound},
			{"the session is over", "room/1?as=guest", CodeLogin, "expired", http.StatusUnauthorized},
			{"the network may not watch", "room/1?as=stranger", CodeForbidden, "forbidden", http.StatusForbidden},
			{"a refusal without a word", "room/1?as=silent", CodeForbidden, "forbidden", http.StatusForbidden},
			{"a sound that no browser plays", "room/1", CodeCodec, "G711", 0},
		} {
			p := r.open(c.path)
			p.closedWith(c.code, c.reason)
			if st := p.saw().states; len(st) > 0 {
				t.Errorf("%s: before that it was told %+v", c.name, st)
			}
			if c.status == 0 {
				continue
			}
			q := r.dial(c.path, "")
			if q.err == nil || q.http == nil || q.http.StatusCode != c.status {
				t.Errorf("%s: %v", c.name, q.err)
				continue
			}
			if c.status == http.StatusUnauthorized && q.http.Header.Get("WWW-Authenticate") != "Basic" {
				t.Errorf("%s: no challenge", c.name)
			}
		}
		if p := r.dial("room/1", "http://elsewhere"); p.err == nil || p.http.StatusCode != http.StatusForbidden {
			t.Errorf("a page of another site: %v", p.err)
		}
		time.Sleep(2 * closeWithin)
		if n := len(r.server.Players()); n != 0 {
			t.Errorf("%d players are left", n)
		}
	})
}

func TestWhoAsksForNoWebSocketIsToldSo(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://node/mse/room/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var problem struct{ Code string }
		if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusUpgradeRequired || problem.Code != "upgrade" ||
			res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %+v", res.Status, problem)
		}
	})
}

func TestAWithdrawnFeedEndsItsViewersAndTheServersEndAll(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		p := r.open("room/1")
		r.film(10)
		if n := r.server.Dismiss("room/2"); n != 0 {
			t.Errorf("%d viewers of another feed", n)
		}
		if n := r.server.Dismiss("room/1"); n != 1 {
			t.Errorf("%d viewers were sent away", n)
		}
		p.closedWith(CodeUnknownFeed, "")
		q := r.open("room/1")
		r.film(10)
		r.stop()
		q.closedWith(websocket.StatusGoingAway, "")
		late := r.dial("room/1", "http://node")
		if late.err != nil {
			t.Fatal(late.err)
		}
		if _, _, err := late.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("a page that comes too late: %v", err)
		}
	})
}

func TestAPageThatSaysSomethingIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		p := r.open("room/1")
		if err := p.conn.Write(t.Context(), websocket.MessageText, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		p.closedWith(websocket.StatusPolicyViolation, "")
		time.Sleep(2 * closeWithin)
		if n := len(r.server.Players()); n != 0 {
			t.Errorf("%d players are left", n)
		}
	})
}

func TestAPageThatWantsNoSoundGetsThePictureAlone(t *testing.T) {
	bubble(t, func(t *testing.T, r *room) {
		r.feed.SetTrack(media.LayerMain, h264)
		r.feed.SetTrack(media.LayerAudio, opus)
		mute, other := r.open("room/1?sound=0"), r.open("room/1")
		for range 50 {
			r.picture()
			for range 2 {
				r.sound()
				time.Sleep(20 * time.Millisecond)
			}
		}
		for _, c := range []struct {
			name string
			page *page
			mime string
		}{
			{"without sound", mute, `video/mp4; codecs="avc1.640028"`},
			{"with sound", other, `video/mp4; codecs="avc1.640028,opus"`},
		} {
			saw := c.page.saw()
			if len(saw.starts) != 1 || saw.starts[0].MIME != c.mime || len(c.page.pictures()) != 50 {
				t.Errorf("%s: %d pictures, starts %+v", c.name, len(c.page.pictures()), saw.starts)
			}
		}
	})
	bubble(t, func(t *testing.T, r *room) { // of a feed that is sound only, sound it is
		r.feed.SetTrack(media.LayerAudio, opus)
		p := r.open("room/1?sound=0")
		for range 50 {
			r.sound()
			time.Sleep(20 * time.Millisecond)
		}
		if saw := p.saw(); len(saw.starts) != 1 || saw.starts[0].MIME != `audio/mp4; codecs="opus"` {
			t.Errorf("starts %+v", saw.starts)
		}
	})
}
