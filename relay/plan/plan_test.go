package plan

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/store"
)

const written = `
schools:
  s1:
    feeds:
      s1/room-1: {main: "rtsp://admin:p%40ss/1@10.0.0.1/main", sub: "rtsp://admin:other@10.0.0.1/sub", role: teacher}
      s1/room-1/board: {main: "rtsp://10.0.0.2/main", snapshot: "http://u:v@10.0.0.2/p.jpg", always: true}
      s1/pushed: {push: last}
  s2: {}
classes:
  maths:
    main: s1
    floor: s2
    rooms: {s1: s1/room-1, s2: s2/room-1}
`

func parsed(t *testing.T, text string) *config.Plan {
	t.Helper()
	p, err := config.ParsePlan("county.yaml", []byte(text), "hub-a", config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(store.In(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Begin(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	return s
}

// put applies a plan and tells what that was.
func put(t *testing.T, s *store.Store, p *config.Plan, part bool) string {
	t.Helper()
	edits, err := Edits(t.Context(), s, p, part)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(t.Context(), s, edits, "test"); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range edits {
		lines = append(lines, e.String())
	}
	return strings.Join(lines, "\n")
}

func TestTheMaskOfAPlanIsThatOfTheStore(t *testing.T) {
	if config.PlanMask != store.Mask {
		t.Errorf("%q and %q", config.PlanMask, store.Mask)
	}
}

func TestAPlanComesOutAsItWentIn(t *testing.T) {
	s, p := newStore(t), parsed(t, strings.ReplaceAll(written, "p%40ss/1", "p%40ss%2F1"))
	put(t, s, p, false)
	got, err := ReadFor(t.Context(), s, "s1")
	if err != nil || !reflect.DeepEqual(got.Schools["s1"], p.Schools["s1"]) || len(got.Schools) != 1 {
		t.Errorf("at s1: %+v, %v; want %+v", got.Schools, err, p.Schools["s1"])
	}
	hub, err := ReadFor(t.Context(), s, "")
	if err != nil || !reflect.DeepEqual(hub.Classes, p.Classes) || hub.Classes["maths"].Hubs[0] != "hub-a" {
		t.Errorf("at the hub: %+v, %v; want %+v", hub.Classes, err, p.Classes)
	}
}

func TestWhatIsReadCanBeWrittenAgainAndKeepsThePasswords(t *testing.T) {
	s := newStore(t)
	put(t, s, parsed(t, strings.ReplaceAll(written, "p%40ss/1", "secret")), false)
	shown, err := Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	text, err := shown.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret", "other", "u:v@"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is shown:\n%s", secret, text)
		}
	}
	if said := put(t, s, parsed(t, string(text)), false); said != "" {
		t.Errorf("what was read is written as a change:\n%s", said)
	}
	moved := strings.ReplaceAll(string(text), "10.0.0.1/main", "10.0.0.7/main")
	if said := put(t, s, parsed(t, moved), false); said != "~ camera s1/room-1" {
		t.Errorf("another address is:\n%s", said)
	}
	got, err := ReadFor(t.Context(), s, "s1")
	if err != nil || got.Schools["s1"].Feeds["s1/room-1"].Main != "rtsp://admin:secret@10.0.0.7/main" {
		t.Errorf("%+v, %v", got.Schools["s1"].Feeds, err)
	}
}

// Many makes want the password in the path or the query.
func TestPasswordsInPathsAreSealedToo(t *testing.T) {
	const address = "rtsp://10.0.0.1/user=admin_password=geheim_channel=1"
	s := newStore(t)
	text := "schools: {s1: {feeds: {s1/room: {main: \"" + address +
		"\", snapshot: \"http://u:geheim@10.0.0.1/p.cgi?pwd=geheim\"}}}}\n"
	put(t, s, parsed(t, text), false)
	list, err := s.List(t.Context(), store.TableCamera, "")
	if err != nil || len(list) != 1 || strings.Contains(string(list[0].Row), "geheim") {
		t.Fatalf("%+v, %v", list, err)
	}
	got, err := ReadFor(t.Context(), s, "s1")
	f := got.Schools["s1"].Feeds["s1/room"]
	if err != nil || f.Main != address || f.Snapshot != "http://u:geheim@10.0.0.1/p.cgi?pwd=geheim" {
		t.Errorf("at the school: %+v, %v", f, err)
	}
	shown, err := Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := shown.YAML()
	if err != nil || strings.Contains(string(out), "geheim") || !strings.Contains(string(out), "password=********_channel=1") {
		t.Errorf("shown, %v:\n%s", err, out)
	}
	if said := put(t, s, parsed(t, string(out)), false); said != "" {
		t.Errorf("what was shown is applied as %s", said)
	}
	moved := parsed(t, strings.Replace(string(out), "channel=1", "channel=2", 1))
	if _, err := Edits(t.Context(), s, moved, false); !errors.Is(err, store.ErrNoSecret) {
		t.Errorf("another address around a mask: %v", err)
	}
}

func TestAPartLeavesTheRest(t *testing.T) {
	s := newStore(t)
	put(t, s, parsed(t, strings.ReplaceAll(written, "p%40ss/1", "secret")), false)
	part := parsed(t, "schools: {s1: {feeds: {s1/room-1: {main: \"rtsp://10.0.0.1/main\"}, s1/new: {push: last}}}}\n")
	want := "+ camera s1/new\n~ camera s1/room-1\n- camera s1/pushed\n- camera s1/room-1/board"
	if said := put(t, s, part, true); said != want {
		t.Errorf("a part is\n%s\nwant\n%s", said, want)
	}
	want = "- camera s1/new\n- camera s1/room-1\n- class maths\n- member maths/s1\n- member maths/s2\n- school s1"
	if said := put(t, s, parsed(t, "schools: {s2: {}}\n"), false); said != want {
		t.Errorf("the whole is\n%s\nwant\n%s", said, want)
	}
}

func TestARecordThatCannotBeIsLeftOutAndNamed(t *testing.T) {
	s := newStore(t)
	put(t, s, parsed(t, strings.ReplaceAll(written, "p%40ss/1", "secret")), false)
	for key, row := range map[string]string{
		"s1/room-2/.": `{"main": "http://x/"}`, "s1/room-3/.": `{"main": 3}`, "s1/ä/.": `{"push": "last"}`,
	} {
		if _, err := s.Put(t.Context(), store.Record{Table: store.TableCamera, Key: key, Row: []byte(row)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadFor(t.Context(), s, "s1")
	if err == nil || got == nil || len(got.Schools["s1"].Feeds) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, words := range []string{"s1/room-2", "s1/room-3", "s1/ä"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q does not name %s", err, words)
		}
	}
}

func TestManyEditsAreSummedUp(t *testing.T) {
	var edits []Edit
	for i := range 30 {
		edits = append(edits, Edit{'+', store.Record{Table: store.TableCamera, Key: fmt.Sprintf("s1/room-%d/.", i)}})
	}
	if got := summary(edits); !strings.HasSuffix(got, "+ camera s1/room-19, and 10 more") {
		t.Error(got)
	}
}
