package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// world is a county of three hub machines and five schools in which everything happens
// at random: edits, cuts, promotions, restarts. It keeps what was acknowledged.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	hubs    [3]*Store
	schools [5]*Store
	cut     [3][8]bool // hub to hub, hub to school (from 3)
	value   int        // every edit has another one
	acked   []ack
}

// ack is an edit that a Put said is done.
type ack struct {
	serial      int
	hub, school int // who, the other is -1
	epoch, rev  int64
	record      Record
	before      line // what the hub knew of
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 6))}
	for i := range w.hubs {
		w.hubs[i] = open(t, In(t.TempDir()))
	}
	for i := range w.schools {
		w.schools[i] = open(t, In(t.TempDir()))
		must(t, w.schools[i].BelongTo(t.Context(), school(i)))
	}
	writer(t, w.hubs[0])
	return w
}

func school(i int) string { return fmt.Sprintf("s%d", i) }

// step does one thing.
func (w *world) step() {
	switch n := w.rng.IntN(100); {
	case n < 30:
		w.editAtHub()
	case n < 50:
		w.editAtSchool()
	case n < 63:
		w.follow(w.rng.IntN(3), w.rng.IntN(3))
	case n < 85:
		w.visit(w.rng.IntN(5), w.rng.IntN(3))
	case n < 97:
		a, b := w.rng.IntN(3), w.rng.IntN(8)
		w.cut[a][b] = !w.cut[a][b]
	default:
		hub := w.hubs[w.rng.IntN(3)]
		if _, err := hub.Promote(w.t.Context(), "test"); err != nil && !errors.Is(err, ErrBehind) {
			w.t.Fatal(err)
		}
	}
}

// editAtHub writes or removes one of few records, so that edits meet.
func (w *world) editAtHub() {
	i, s, k := w.rng.IntN(3), school(w.rng.IntN(5)), fmt.Sprintf("k%d", w.rng.IntN(3))
	keys := [][2]string{
		{TableSchool, s},
		{TableRoom, s + "/r"},
		{TableClass, k},
		{TableTimetable, k + "/t"},
		{TableMember, k + "/" + s},
		{TableMember, k + "/" + s},
		{TableCounty, "n"},
		{TableCamera, s + "/r/c"},
	}
	at := keys[w.rng.IntN(len(keys))]
	r := w.record(at[0], at[1], OwnerCounty)
	if at[0] == TableCamera && w.rng.IntN(2) == 0 {
		r.Owner = OwnerSchool
	}
	hub := w.hubs[i]
	for g, err := hub.Standing(w.t.Context()); !g.Writer && w.rng.IntN(5) > 0; { // mostly at a writer
		must(w.t, err)
		i = w.rng.IntN(3)
		hub = w.hubs[i]
		g, err = hub.Standing(w.t.Context())
	}
	_, before, err := hub.Position(w.t.Context())
	must(w.t, err)
	rev, err := hub.Put(w.t.Context(), r)
	switch {
	case err == nil && rev > before:
		w.acked = append(w.acked, ack{w.value, i, -1, epochOf(w.t, hub), rev, r, w.line(hub)})
	case err != nil && !errors.Is(err, ErrNotWriter) && !errors.Is(err, ErrNotOwner):
		w.t.Fatal(err)
	}
}

func (w *world) editAtSchool() {
	i := w.rng.IntN(5)
	r := w.record(TableCamera, fmt.Sprintf("%s/r/%c", school(i), "cde"[w.rng.IntN(3)]), OwnerSchool)
	before := w.state(w.schools[i]).ver
	_, err := w.schools[i].Put(w.t.Context(), r)
	switch {
	case err == nil && w.state(w.schools[i]).ver == before: // it removed what is not there
	case err == nil:
		w.acked = append(w.acked, ack{w.value, -1, i, 0, 0, r, nil})
	case !errors.Is(err, ErrNotOwner):
		w.t.Fatal(err)
	}
}

func (w *world) record(table, key, owner string) Record {
	w.value++
	if w.rng.IntN(5) == 0 {
		return Record{Table: table, Key: key, Owner: owner, Gone: true}
	}
	row := fmt.Sprintf(`{"v":%d}`, w.value)
	if table == TableCamera && w.rng.IntN(2) == 0 {
		row = fmt.Sprintf(`{"password":"p%d","v":%d}`, w.value, w.value)
	}
	return Record{Table: table, Key: key, Owner: owner, Row: json.RawMessage(row)}
}

// follow lets one hub ask another.
func (w *world) follow(a, b int) (changed bool) {
	if a == b || w.cut[a][b] || w.cut[b][a] {
		return false
	}
	changed, err := w.hubs[a].Pull(w.t.Context(), w.hubs[b])
	if err != nil && !errors.Is(err, ErrBehind) {
		w.t.Fatal(err)
	}
	return changed && err == nil
}

// visit lets a school ask a hub, and send up what it has.
func (w *world) visit(s, h int) (changed bool) {
	if w.cut[h][3+s] {
		return false
	}
	_, err := w.schools[s].Push(w.t.Context(), w.hubs[h])
	if err != nil && !errors.Is(err, ErrNotWriter) && !errors.Is(err, ErrGap) {
		w.t.Fatal(err)
	}
	changed, err = w.schools[s].Pull(w.t.Context(), w.hubs[h])
	if err != nil && !errors.Is(err, ErrBehind) {
		w.t.Fatal(err)
	}
	return changed && err == nil
}

// heal ends all cuts and lets everybody ask until nothing changes.
func (w *world) heal() {
	w.cut = [3][8]bool{}
	for range 20 {
		changed := false
		for a := range w.hubs {
			for b := range w.hubs {
				changed = w.follow(a, b) || changed
			}
		}
		for s := range w.schools {
			for h := range w.hubs {
				changed = w.visit(s, h) || changed
			}
		}
		if !changed {
			return
		}
	}
	w.t.Fatal("it does not come to rest")
}

func TestAfterAllCutsEverybodyAgreesAndNothingIsLost(t *testing.T) {
	seeds, steps := uint64(6), 200
	if testing.Short() { // under the race detector SQLite is ten times as slow
		seeds, steps = 2, 60
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			for range 3 {
				for range steps {
					w.step()
				}
				w.heal()
				w.agree()
				w.nothingIsLost()
			}
		})
	}
}

// agree compares the hubs with each other, and each school with its slice of them.
func (w *world) agree() {
	all := dump(w.t, w.hubs[0])
	for i, hub := range w.hubs[1:] {
		if got := dump(w.t, hub); !slices.Equal(got, all) {
			w.t.Errorf("hub %d has\n%s\nhub 0 has\n%s", i+1, strings.Join(got, "\n"), strings.Join(all, "\n"))
		}
	}
	for i, s := range w.schools {
		if got, want := dump(w.t, s), sliceOf(all, school(i)); !slices.Equal(got, want) {
			w.t.Errorf("%s has\n%s\nits slice is\n%s", school(i), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := unsent(w.t, s); n != 0 {
			w.t.Errorf("%s has %d edits that did not go up", school(i), n)
		}
	}
	for _, s := range slices.Concat(w.hubs[:], w.schools[:]) {
		if _, err := s.VerifyAudit(w.t.Context()); err != nil {
			w.t.Error(err)
		}
	}
}

// sliceOf picks a school's lines out of those of a hub: slowly, and from the keys alone.
func sliceOf(lines []string, school string) (slice []string) {
	for _, line := range lines {
		table, key, _ := strings.Cut(line, " ")
		parts := strings.Split(strings.Fields(key)[0], "/")
		switch table {
		case TableCounty:
			slice = append(slice, line)
		case TableSchool, TableRoom, TableCamera:
			if parts[0] == school {
				slice = append(slice, line)
			}
		case TableClass, TableTimetable, TableMember:
			if slices.ContainsFunc(lines, func(l string) bool {
				return strings.HasPrefix(l, TableMember+" "+parts[0]+"/"+school+" ")
			}) {
				slice = append(slice, line)
			}
		}
	}
	return slice
}

// nothingIsLost looks up what was acknowledged: it is in force, or something later is,
// or it stands among the refused edits of the machine where it was made.
func (w *world) nothingIsLost() {
	history := w.line(w.hubs[0])
	now := dump(w.t, w.hubs[0])
	last := make(map[string]ack) // of each machine and record, and of the surviving line
	for _, a := range w.acked {
		where := fmt.Sprintf("hub %d school %d ", a.hub, a.school)
		if a.hub >= 0 && history.has(a.epoch, a.rev) {
			where = "line "
		}
		last[where+a.record.String()] = a
	}
	for where, a := range last {
		switch {
		case a.record.Table == TableCamera:
			w.cameraIsAccountedFor(now, a)
		case strings.HasPrefix(where, "line "):
			w.isInForce(now, a)
		case !a.record.Gone && !w.replaced(a):
			w.isRefused(w.hubs[a.hub], a)
		}
	}
}

// replaced tells whether somebody who knew of an edit wrote over it.
func (w *world) replaced(a ack) bool {
	return slices.ContainsFunc(w.acked, func(b ack) bool {
		return b.rev > a.rev && b.record.String() == a.record.String() && b.before.has(a.epoch, a.rev)
	})
}

func (w *world) state(s *Store) (st state) {
	must(w.t, s.view(w.t.Context(), "state", func(t tx) (err error) {
		st, err = t.state()
		return err
	}))
	return st
}

func (w *world) line(s *Store) (l line) {
	must(w.t, s.view(w.t.Context(), "line", func(t tx) error {
		st, err := t.state()
		if err == nil {
			l, err = t.line(&st)
		}
		return err
	}))
	return l
}

// isInForce: only the county's writers touch these records, so the last edit of the
// line that survived is what there is.
func (w *world) isInForce(now []string, a ack) {
	there := slices.ContainsFunc(now, func(l string) bool { return strings.HasPrefix(l, a.record.String()+" ") })
	same := slices.Contains(now, fmt.Sprintf("%v county %s ", &a.record, a.record.Row))
	if a.record.Gone && there || !a.record.Gone && !same {
		w.t.Errorf("lost: %v %s, revision %d of epoch %d", &a.record, a.record.Row, a.rev, a.epoch)
	}
}

// cameraIsAccountedFor looks up the last edit of a school. It is in force. Where the
// county writes too, it may have been refused, or the county wrote after it: that edit
// may have been lost in turn, with a writer that had to give way, and is refused then.
func (w *world) cameraIsAccountedFor(now []string, a ack) {
	if a.school < 0 {
		return
	}
	at := slices.IndexFunc(now, func(l string) bool { return strings.HasPrefix(l, a.record.String()+" ") })
	inForce := a.record.Gone && at < 0 || !a.record.Gone && at >= 0 && strings.Contains(now[at], valueOf(a.record))
	if inForce {
		return
	}
	if strings.HasSuffix(a.record.Key, "/r/c") {
		for _, s := range slices.Concat(w.hubs[:], w.schools[a.school:a.school+1]) {
			if w.findRefused(s, a.record) {
				return
			}
		}
		later := w.acked[slices.IndexFunc(w.acked, func(b ack) bool { return b.serial == a.serial })+1:]
		if slices.ContainsFunc(later, func(b ack) bool { return b.hub >= 0 && b.record.String() == a.record.String() }) {
			return
		}
	}
	w.t.Errorf("lost: %v %s of %s", &a.record, a.record.Row, school(a.school))
}

func (w *world) isRefused(s *Store, a ack) {
	if !w.findRefused(s, a.record) {
		w.t.Errorf("lost and not said: %v %s of hub %d, revision %d of epoch %d",
			&a.record, a.record.Row, a.hub, a.rev, a.epoch)
	}
}

func (w *world) findRefused(s *Store, r Record) bool {
	list, err := s.Refused(w.t.Context())
	must(w.t, err)
	return slices.ContainsFunc(list, func(e RefusedEdit) bool {
		return e.Record.String() == r.String() &&
			(e.Record.Gone && r.Gone || strings.Contains(string(e.Record.Row), valueOf(r)))
	})
}

// valueOf is what no other edit has.
func valueOf(r Record) string {
	_, v, _ := strings.Cut(string(r.Row), `"v":`)
	return `"v":` + v
}
