package relay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
	"github.com/classrelay/classrelay/roq"
)

// disk is a state folder whose disk can be filled.
type disk struct {
	dir   string
	small bool // a small file system of its own; otherwise writing is made to fail
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{dir: filepath.Join(t.TempDir(), "state")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.small = mountSmall(t, d.dir)
	return d
}

// fill leaves no room, until mend.
func (d *disk) fill(t *testing.T) (mend func()) {
	t.Helper()
	if !d.small {
		d.exec(t, `CREATE TRIGGER no_room BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END`)
		return func() { d.exec(t, `DROP TRIGGER no_room`) }
	}
	name := filepath.Join(d.dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func (d *disk) exec(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", store.In(d.dir))
	if err == nil {
		_, err = db.ExecContext(t.Context(), statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// knockAsStrangers dials the hub as so many nodes of another CA.
func (e *enrolling) knockAsStrangers(ip string, from, to int) {
	e.t.Helper()
	foreign := e.t.TempDir()
	if err := identity.InitCA(foreign); err != nil {
		e.t.Fatal(err)
	}
	host := e.net.Host(ip)
	network := Network{ListenPacket: host.ListenPacket, DialContext: host.DialContext}
	for i := from; i < to; i++ {
		name := fmt.Sprintf("x%03d", i)
		if err := identity.Issue(foreign, name); err != nil {
			e.t.Fatal(err)
		}
		id, err := identity.Load(filepath.Join(foreign, name))
		if err != nil {
			e.t.Fatal(err)
		}
		client := id.ClientTLS("10.0.0.1", "")
		client.VerifyConnection = nil // it does not care whom it meets
		conn, err := network.Dial(e.t.Context(), "10.0.0.1:4433", roq.ProtocolRelay, client)
		if err == nil {
			<-conn.Context().Done() // TLS tells a dialler late that it is refused
			_ = conn.CloseWithError(roq.NoError, "")
		}
	}
}

func (e *enrolling) entries() int64 {
	e.t.Helper()
	n, err := e.store.VerifyAudit(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

// The disk under a hub's state is full for a minute of a lesson.
func TestALessonGoesOnWhileTheDiskOfTheHubIsFull(t *testing.T) {
	disk := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		e.state = disk.dir
		e.link("10.0.0.1", "10.0.0.4", netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		id := e.school("s2")
		e.startHub()
		writeDown(t, e.store, id)
		s := startClip(t, e.dials(e.school("s1"), "10.0.0.2").Node, "s1/room-1")
		go s.run() // ended below
		viewer := e.dials(id, "10.0.0.3")
		time.Sleep(3 * time.Second)
		ctx, end := context.WithCancel(t.Context())
		got := make(chan *sight)
		go func() { got <- view(ctx, t, viewer.Node, "s1/room-1") }() // ends with ctx
		time.Sleep(3 * time.Second)

		before, mend := e.entries(), disk.fill(t)
		e.knockAsStrangers("10.0.0.4", 0, 20)
		time.Sleep(time.Minute)
		if n := e.entries(); n != before {
			t.Fatalf("%d entries were written on a full disk", n-before)
		}
		if _, err := e.store.RevokeNode(t.Context(), "s2", "x", time.Now()); disk.small && !errors.Is(err, store.ErrFull) {
			t.Errorf("who revokes is not told: %v", err)
		}
		if n := e.said.FilterMessageSnippet("the audit log cannot be written").Len(); n != 1 {
			t.Errorf("said %d times", n)
		}
		mend()
		mended := time.Now()
		for e.entries() < before+20 {
			if time.Since(mended) > time.Minute {
				t.Fatalf("%d of 20 entries after a minute", e.entries()-before)
			}
			time.Sleep(100 * time.Millisecond)
		}
		healed := time.Since(mended)
		if n := e.said.FilterMessageSnippet("can be written again").Len(); n != 1 {
			t.Errorf("that it goes on is said %d times", n)
		}
		end()
		seen := <-got
		missing, _ := seen.missing()
		t.Logf("small disk: %v; the audit log is whole %v after there is room; the lesson: still for %v, %d frames lost",
			disk.small, healed, seen.gaps, missing)
		if len(seen.gaps) != 0 || missing != 0 {
			t.Errorf("the lesson stood still for %v, %d frames are missing", seen.gaps, missing)
		}
		close(s.stop)
		e.end("s1", "s2")
	})
}

func TestWhatTheAuditLogMissesIsCounted(t *testing.T) {
	var b backlog
	at := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for i := range mostLate + 3 {
		b.add(store.Event{At: at.Add(time.Duration(i) * time.Minute), Object: fmt.Sprint(i)})
	}
	for i := range mostLate {
		if e, ok := b.next("hub", at); !ok || e.Object != fmt.Sprint(i) {
			t.Fatalf("entry %d: %+v, %v", i, e, ok)
		}
		b.written()
	}
	e, ok := b.next("hub", at)
	if !ok || e.Action != "audit.gap" ||
		!strings.HasPrefix(e.Result, "3 entries from 2026-09-01T12:16:00Z to 2026-09-01T12:18:00Z are lost") {
		t.Errorf("about what is lost: %+v, %v", e, ok)
	}
	b.written()
	if e, ok := b.next("hub", at); ok {
		t.Errorf("after all: %+v", e)
	}
}

// The state of the only hub is damaged when it starts. Schools link up, the one that was
// shut out does not.
func TestAHubWithADamagedStateStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEnrolling(t)
		thief, good := e.school("s1"), e.school("s2")
		s, err := store.Open(store.In(e.state))
		if err != nil {
			t.Fatal(err)
		}
		writeDown(t, s, thief, good)
		revoke(t, s, "s1")
		for range 100 {
			if err := s.Audit(t.Context(), store.Event{At: time.Now(), Action: "fill", Object: strings.Repeat("x", 500)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(store.In(e.state))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(store.In(e.state), info.Size()-3*4096); err != nil {
			t.Fatal(err)
		}
		e.startHub()
		began := time.Now()
		e.dials(thief, "10.0.0.2")
		e.dials(good, "10.0.0.3")
		for !e.linked("s2") {
			if time.Since(began) > 10*time.Second {
				t.Fatal("no school links up")
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Logf("the school is there after %v", time.Since(began))
		time.Sleep(10 * time.Second)
		if e.linked("s1") {
			t.Error("the stolen machine is in again")
		}
		said := e.said.FilterMessageSnippet("the state was damaged").All()
		if len(said) != 1 || !strings.Contains(said[0].ContextMap()["saved"].(string), "1 revocations were saved") {
			t.Errorf("said: %+v", said)
		}
		e.end("s1", "s2")
	})
}
