package main

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/store"
)

// stateWith makes a state folder with some audit entries.
func stateWith(t *testing.T, events ...store.Event) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	s, err := store.Open(store.In(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := s.Audit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func someEvents() []store.Event {
	at := time.Date(2026, 9, 8, 12, 0, 0, 0, time.UTC)
	return []store.Event{
		{At: at, Actor: "admin", Source: "10.0.0.7", Action: "token.add", Object: "s012", Result: "ok"},
		{At: at, Actor: "\x1b[2J evil", Source: "10.0.0.9", Action: "join", Object: "", Result: "unknown token"},
	}
}

func TestAuditVerify(t *testing.T) {
	dir := stateWith(t, someEvents()...)
	good := program(t, "", "audit", "verify", "--state", dir)
	if good.status != statusOK || !strings.HasPrefix(good.out, "2 entries, none changed. Head: 2:") {
		t.Fatalf("an honest log: %+v", good)
	}
	head := strings.Fields(good.out)[5]
	if r := program(t, "", "audit", "verify", "--state", dir, "--since", head); r.status != statusOK {
		t.Errorf("since its head: %+v", r)
	}
	if r := program(t, "", "audit", "verify", "--state", dir, "--since", "abc"); r.status != statusUsage {
		t.Errorf("since what is no head: %+v", r)
	}

	forge(t, dir, `DROP TRIGGER audit_refuses_UPDATE`, `UPDATE audit SET actor = 'nobody' WHERE seq = 1`)
	if r := program(t, "", "audit", "verify", "--state", dir); r.status != statusFailed ||
		!strings.Contains(r.err, "audit entry 1 was changed") {
		t.Errorf("a forged log: %+v", r)
	}
	other := stateWith(t, someEvents()[:1]...)
	if r := program(t, "", "audit", "verify", "--state", other, "--since", head); r.status != statusFailed ||
		!strings.Contains(r.err, "audit entry 2 is missing") {
		t.Errorf("a shorter log: %+v", r)
	}
	none := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"audit", "verify"}, {"audit", "list"}, {"promote"}} {
		r := program(t, "", append(args, "--state", none)...)
		if r.status != statusCannot || !strings.Contains(r.err, "there is no store at "+none) {
			t.Errorf("%v without a store: %+v", args, r)
		}
	}
}

// forge changes a database as somebody with the file can. The driver "sqlite" is there
// because the program has it.
func forge(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", store.In(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAuditList(t *testing.T) {
	dir := stateWith(t, someEvents()...)
	r := program(t, "", "audit", "list", "--state", dir)
	want := regexp.MustCompile(`^1  2026-09-0\d \d\d:00:00  admin  10\.0\.0\.7  token\.add  s012  ok
2  2026-09-0\d \d\d:00:00  "\\x1b\[2J evil"  10\.0\.0\.9  join  ""  "unknown token"
$`)
	if r.status != statusOK || !want.MatchString(r.out) {
		t.Errorf("got %+v", r)
	}
	r = program(t, "", "audit", "list", "--state", dir, "--last", "1", "--json")
	var entry struct {
		Seq   int64
		At    time.Time
		Actor string
	}
	if err := json.Unmarshal([]byte(r.out), &entry); err != nil || entry.Seq != 2 || entry.Actor != "\x1b[2J evil" ||
		entry.At.Hour() != 12 {
		t.Errorf("as JSON: %+v, %v", r, err)
	}
}

func TestPromote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	first := program(t, "", "promote", "--first", "--state", dir)
	want := regexp.MustCompile(`^This machine is the writer of the county: epoch 1\d{6}, revision 0\.\n$`)
	if first.status != statusOK || !want.MatchString(first.out) {
		t.Fatalf("the first: %+v", first)
	}
	if again := program(t, "", "promote", "--state", dir); again.out != first.out || again.status != statusOK {
		t.Errorf("again: %+v", again)
	}
	if log := program(t, "", "audit", "list", "--state", dir); !strings.Contains(log.out, "epoch.promote") {
		t.Errorf("the log: %+v", log)
	}
	empty := stateWith(t)
	if r := program(t, "", "promote", "--state", empty); r.status != statusCannot ||
		!strings.Contains(r.err, "classrelay promote --first") {
		t.Errorf("an empty store: %+v", r)
	}
}
