package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/store"
)

// The hub where the county's records are changed is killed in the middle of a lesson. The
// other hub is promoted; the first one returns, and has an edit that nobody else knows.
func TestALessonOutlivesTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTwins(t, twinWire)
		dirs := map[string]string{"hub-a": filepath.Join(t.TempDir(), "a"), "hub-b": filepath.Join(t.TempDir(), "b")}
		open := func(hub string) *store.Store { // as the commands do, beside the node
			s, err := store.Open(store.In(dirs[hub]))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		serve := func(hub, ip string) {
			c.run(hub, ip, &config.Config{
				Listen: config.Listen{QUIC: ":4433"}, County: config.County{Name: "c1", State: dirs[hub]},
			})
		}
		for hub, ip := range map[string]string{"hub-a": hubA, "hub-b": hubB} {
			c.close(hub)
			serve(hub, ip)
		}
		time.Sleep(3 * time.Second)
		a, b := open("hub-a"), open("hub-b")
		must(t, result(a.Begin(t.Context(), "root")))
		must(t, result(a.Put(t.Context(), planned("before"))))
		must(t, result(b.Pull(t.Context(), a)))

		got := c.lesson(20*time.Second, func() {
			time.Sleep(3 * time.Second)
			must(t, result(a.Put(t.Context(), planned("unheard"))))
			must(t, a.Close())
			c.kill("hub-a", hubA)
			if _, err := b.Put(t.Context(), planned("too soon")); !errors.Is(err, store.ErrNotWriter) {
				t.Errorf("nobody has promoted it, and it takes an edit: %v", err)
			}
			time.Sleep(2 * time.Second)
			must(t, result(b.Promote(t.Context(), "root")))
			must(t, result(b.Put(t.Context(), planned("after"))))
			time.Sleep(2 * time.Second)
			c.reappear(hubA)
			serve("hub-a", hubA)
			delete(c.dead, "hub-a")
			a = open("hub-a")
			must(t, result(a.Pull(t.Context(), b)))
			if _, err := a.Put(t.Context(), planned("too late")); !errors.Is(err, store.ErrNotWriter) {
				t.Errorf("it has been replaced, and takes an edit: %v", err)
			}
		})
		for name, s := range got {
			if n := len(s.gaps); n != 1 || s.gaps[0] > back {
				t.Errorf("%s: the lesson stood still for %v", name, s.gaps)
			}
		}
		r, err := a.Get(t.Context(), store.TableSchool, "s1")
		if err != nil || string(r.Row) != `{"name":"after"}` {
			t.Errorf("the first hub has %s, %v", r.Row, err)
		}
		refused, err := a.Refused(t.Context())
		if err != nil || len(refused) != 1 || string(refused[0].Record.Row) != `{"name":"unheard"}` {
			t.Errorf("kept for the operator are %+v, %v", refused, err)
		}
		must(t, a.Close())
		must(t, b.Close())
		c.end()
	})
}

// planned is a record that says who has edited it when.
func planned(name string) store.Record {
	return store.Record{Table: store.TableSchool, Key: "s1", Row: json.RawMessage(fmt.Sprintf(`{"name":%q}`, name))}
}

// result leaves out what a call returns beside its error.
func result[T any](_ T, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
