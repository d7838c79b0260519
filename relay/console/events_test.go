package console

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/internal/testnet"
	"github.com/classrelay/classrelay/relay/access"
)

// room is a server that runs in a bubble, on a network in memory.
type room struct {
	*desk
	net  *testnet.Network
	stop context.CancelFunc
	done chan error
}

func newRoom(t *testing.T, cfg access.Config, users ...access.User) *room {
	t.Helper()
	r := &room{desk: newDesk(t, cfg, users...), net: testnet.New(1), done: make(chan error, 1)}
	var err error
	r.Server, err = New(Config{HTTP: ":80", Names: itsName, Listen: r.net.Host("10.1.0.1").Listen}, r.node, r.rulesNow, NewJournal(),
		zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.done <- r.Run(ctx) }() // ended by close
	return r
}

func (r *room) close() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
	r.net.Close()
}

// event is one that a page got.
type event struct {
	at             time.Time
	id, name, data string
}

// listen opens the stream from an address. The channel ends with the stream.
func (r *room) listen(from string, change ...func(r *http.Request)) (<-chan event, int) {
	r.t.Helper()
	transport := &http.Transport{DialContext: r.net.Host(from).DialContext, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://10.1.0.1:80/api/v1/events", http.NoBody)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range change {
		c(req)
	}
	resp, err := transport.RoundTrip(req) //nolint:bodyclose // the goroutine below does
	if err != nil {
		r.t.Fatal(err)
	}
	events := make(chan event, 1000)
	go func() { // ends with the stream
		defer close(events)
		defer resp.Body.Close()
		scan(resp.Body, events)
	}()
	return events, resp.StatusCode
}

func scan(stream io.Reader, events chan<- event) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	var e event
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			if e.name != "" {
				e.at = time.Now()
				events <- e
			}
			e = event{}
		}
	}
}

func TestAnOpenPageGetsTheStateEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		events, status := r.listen("10.1.2.9")
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		began := time.Now()
		time.Sleep(10*time.Second + 500*time.Millisecond)
		r.close()
		n := 0
		for e := range events {
			var st Status
			if err := json.Unmarshal([]byte(e.data), &st); err != nil || e.name != "status" || st.Node != "yinshan" {
				t.Fatalf("%v in %+v", err, e)
			}
			if st.Players[0].Remote != "" {
				t.Error("a guest sees who watches")
			}
			if late := e.at.Sub(began) - time.Duration(n)*time.Second; late > time.Second {
				t.Errorf("state %d came %v late", n, late)
			}
			n++
		}
		if n < 11 || n > 12 {
			t.Errorf("%d states in ten seconds", n)
		}
	})
}

func TestAChangeIsToldAtOnceAndAgainWhereItWasMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		r.journal.Note(time.Now(), Change{Code: LinkUp, Link: "before"})
		events, _ := r.listen("10.1.2.9")
		time.Sleep(300 * time.Millisecond)
		began := time.Now()
		r.journal.Note(began, Change{Code: LinkUp, Link: "hub"})
		r.journal.Note(began, Change{Code: LinkDown, Link: "hub"})
		synctest.Wait()
		var got []event
		for len(events) > 0 {
			if e := <-events; e.name == "change" {
				got = append(got, e)
			}
		}
		if len(got) != 2 || !got[0].at.Equal(began) || got[0].id != "1" || got[1].id != "2" ||
			!strings.Contains(got[1].data, `"code":"link-down"`) {
			t.Fatalf("%+v", got)
		}
		again, _ := r.listen("10.1.2.9", header("Last-Event-ID", "1"))
		if e := <-again; e.name != "change" || e.id != "2" {
			t.Errorf("after the first one comes %+v", e)
		}
		if e := <-again; e.name != "status" {
			t.Errorf("then %+v", e)
		}
		nonsense, _ := r.listen("10.1.2.9", header("Last-Event-ID", "18446744073709551615"))
		if e := <-nonsense; e.name != "change" || e.id != "0" {
			t.Errorf("after a number of an earlier run comes %+v", e)
		}
		r.close()
	})
}

func TestAStreamEndsWithTheSession(t *testing.T) {
	tests := []struct {
		name string
		end  func(r *room, token string)
	}{
		{"by logout", func(r *room, token string) { r.ask(abroad, http.MethodPost, "/api/v1/logout", withToken(token)) }},
		{"by a reload", func(r *room, _ string) { r.reload(access.Config{}) }},
		{"by its time", func(*room, string) { time.Sleep(sessionLasts) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRoom(t, access.Config{}, who("li"))
				token := r.token("li")
				events, status := r.listen("192.0.2.7", withToken(token))
				if status != http.StatusOK {
					t.Fatalf("status %d", status)
				}
				go func() { // ends with the stream
					for range events {
					}
				}()
				time.Sleep(3 * time.Second)
				if n := len(r.streams); n != 1 {
					t.Fatalf("%d streams", n)
				}
				tt.end(r, token)
				time.Sleep(2 * time.Second)
				if n := len(r.streams); n != 0 {
					t.Errorf("%d streams are open after the end of the session", n)
				}
				r.close()
			})
		})
	}
}

func TestOpenPagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		for range streamsMost {
			if _, status := r.listen("10.1.2.9"); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
		}
		if _, status := r.listen("10.1.2.9"); status != http.StatusServiceUnavailable {
			t.Errorf("one too many gets %d", status)
		}
		wants(t, r.ask(pupil, http.MethodGet, "/api/v1/status"), 200, "")
		r.close()
	})
}

// A page that does not read holds nobody up, and is given up after five seconds.
func TestAPageThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		conn, err := r.net.Host("10.1.2.9").DialContext(t.Context(), "tcp", "10.1.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /api/v1/events HTTP/1.1\r\nHost: 10.1.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		others, _ := r.listen("10.1.2.10")
		r.node.set(func(f *Feed) { f.Source = strings.Repeat("a long name ", 20000) }) // soon more than any buffer
		time.Sleep(20 * time.Second)
		if n := len(r.streams); n != 1 {
			t.Errorf("%d streams after twenty seconds, want the other one", n)
		}
		if n := len(others); n < 20 {
			t.Errorf("the other page got %d states", n)
		}
		r.close()
	})
}

func TestHistoryHasAPointEachTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t, opened())
		time.Sleep(time.Minute + 100*time.Millisecond)
		h := read[History](t, r.ask(pupil, http.MethodGet, "/api/v1/history"))
		at := h.Links[0].At
		if len(at) != 31 {
			t.Fatalf("%d points in a minute", len(at))
		}
		for i := range at[1:] {
			if step := at[i+1] - at[i]; step != 2000 {
				t.Errorf("a step of %d ms", step)
			}
		}
		r.close()
	})
}
