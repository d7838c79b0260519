package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// audited writes ten entries.
func audited(t *testing.T, s *Store) {
	t.Helper()
	for i := range 10 {
		must(t, s.Audit(t.Context(), Event{
			At: noon().Add(time.Duration(i) * time.Second), Actor: "admin", Source: "10.0.0.7",
			Action: "camera.edit", Object: fmt.Sprintf("s012/r1/%d", i), Result: "ok",
		}))
	}
}

func TestTheAuditLogRefusesToBeChanged(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		audited(t, s)
		statements := []string{
			`UPDATE audit SET actor = 'nobody' WHERE seq = 3`,
			`DELETE FROM audit WHERE seq = 10`,
			`DELETE FROM audit`,
			`INSERT INTO audit SELECT 99, at, actor, source, action, object, result, prev, hash FROM audit WHERE seq = 3`,
		}
		if s.read != s.write {
			statements = append(statements,
				`INSERT OR REPLACE INTO audit SELECT seq, at, 'nobody', source, action, object, result, prev, hash
					FROM audit WHERE seq = 3`)
		}
		for _, statement := range statements {
			if _, err := s.write.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if n, err := s.VerifyAudit(t.Context()); n != 10 || err != nil {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

func TestVerifyFindsTheFirstWrongEntry(t *testing.T) {
	const put = `INSERT INTO audit SELECT 11, at, actor, source, action, object, result, prev, hash FROM audit WHERE seq = 10`
	tests := []struct {
		name   string
		forge  []string
		seq    int64
		wanted string
	}{
		{"an actor was changed", []string{`UPDATE audit SET actor = 'nobody' WHERE seq = 4`}, 4, "was changed"},
		{"a time was changed", []string{`UPDATE audit SET at = at + 1 WHERE seq = 10`}, 10, "was changed"},
		{
			"a letter moved to the next field",
			[]string{`UPDATE audit SET actor = 'admi', source = 'n10.0.0.7' WHERE seq = 2`},
			2, "was changed",
		},
		{"a hash was changed", []string{`UPDATE audit SET hash = 'zz' WHERE seq = 5`}, 5, "was changed"},
		{"two were changed", []string{`UPDATE audit SET object = '' WHERE seq IN (6, 8)`}, 6, "was changed"},
		{"one was taken out", []string{`DELETE FROM audit WHERE seq = 5`}, 5, "is missing"},
		{"one was taken out and the gap closed", []string{
			`DELETE FROM audit WHERE seq = 5`,
			`UPDATE audit SET seq = seq - 1 WHERE seq = 6`, `UPDATE audit SET seq = seq - 1 WHERE seq = 7`,
			`UPDATE audit SET seq = seq - 1 WHERE seq = 8`, `UPDATE audit SET seq = seq - 1 WHERE seq = 9`,
			`UPDATE audit SET seq = seq - 1 WHERE seq = 10`,
		}, 5, "does not follow"},
		{"the first was taken out", []string{`DELETE FROM audit WHERE seq = 1`}, 1, "is missing"},
		{"two changed places", []string{
			`UPDATE audit SET seq = 99 WHERE seq = 3`,
			`UPDATE audit SET seq = 3 WHERE seq = 4`, `UPDATE audit SET seq = 4 WHERE seq = 99`,
		}, 3, "does not follow"},
		{"the end was cut off", []string{`DELETE FROM audit WHERE seq > 7`}, 8, "the end was cut off"},
		{"all were cut off", []string{`DELETE FROM audit`}, 1, "the end was cut off"},
		{"one was put at the end", []string{put}, 11, "does not follow"},
		{"one was put before the beginning", []string{strings.Replace(put, "11", "0", 1)}, 0, "numbers begin at 1"},
		{"the head was turned back", []string{`UPDATE audit_head SET seq = 9`}, 10, "was put there later"},
		{"the head was changed", []string{`UPDATE audit_head SET hash = '` + strings.Repeat("0", 64) + `'`}, 10, "ended with"},
		{"the head was spoilt", []string{`UPDATE audit_head SET hash = 'zz'`}, 10, "no hash"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				audited(t, s)
				disarm(t, s)
				for _, statement := range test.forge {
					if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
						t.Fatal(err)
					}
				}
				n, err := s.VerifyAudit(t.Context())
				broken, ok := errors.AsType[*AuditError](err)
				if !ok || broken.Seq != test.seq || !strings.Contains(err.Error(), test.wanted) {
					t.Errorf("%d hold, then %v; want entry %d, %q", n, err, test.seq, test.wanted)
				}
			})
		})
	}
}

// disarm takes the triggers off, as somebody with the file can.
func disarm(t *testing.T, s *Store) {
	t.Helper()
	on := ""
	if s.read == s.write {
		on = " ON audit"
	}
	for _, what := range []string{"update", "delete", "insert"} {
		if _, err := s.write.ExecContext(t.Context(), "DROP TRIGGER IF EXISTS audit_refuses_"+what+on); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALogThatWasWrittenAnewPassesUntilANotedHeadIsAsked(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		audited(t, s)
		noted, err := s.AuditHead(t.Context())
		must(t, err)
		must(t, s.Audit(t.Context(), Event{At: noon(), Action: "one more"}))
		if n, err := s.VerifyAuditSince(t.Context(), noted); n.Seq != 11 || err != nil {
			t.Fatalf("an honest log: %d, %v", n, err)
		}

		disarm(t, s)
		for _, statement := range []string{
			`DELETE FROM audit`,
			`UPDATE audit_head SET seq = 0, hash = '` + strings.Repeat("0", 64) + `'`,
		} {
			if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		must(t, s.Audit(t.Context(), Event{At: noon(), Action: "nothing happened"}))
		if n, err := s.VerifyAudit(t.Context()); n != 1 || err != nil {
			t.Errorf("without the head that was noted it should pass: %d, %v", n, err)
		}
		_, err = s.VerifyAuditSince(t.Context(), noted)
		if broken, ok := errors.AsType[*AuditError](err); !ok || broken.Seq != 2 {
			t.Errorf("a shorter log passed a noted head: %v", err)
		}
		audited(t, s)
		_, err = s.VerifyAuditSince(t.Context(), noted)
		if broken, ok := errors.AsType[*AuditError](err); !ok || broken.Seq != 10 {
			t.Errorf("another log of that length passed a noted head: %v", err)
		}
	})
}

func TestAHeadIsReadAsItWasWritten(t *testing.T) {
	h := Head{1234, sha256.Sum256([]byte("x"))}
	if got, err := ParseHead(h.String()); got != h || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	for _, wrong := range []string{"", "12", "12:", "12:zz", "x:" + h.hex(), "-1:" + h.hex(), "12:" + h.hex() + "00"} {
		if got, err := ParseHead(wrong); err == nil {
			t.Errorf("%q was read as %v", wrong, got)
		}
	}
}

func TestTheChainIsTheOneInTheDocuments(t *testing.T) {
	// Computed once by hand from the description of Event.chain; if this changes, every
	// log that is out there fails.
	e := Event{At: noon(), Actor: "admin", Source: "10.0.0.7", Action: "token.add", Object: "s012", Result: "ok"}
	const want = "7942231f1775b8b81b875b0082bf67bf65dde0684ee6f10c1a80e14354bc6b4b"
	if got := e.chain(Head{}); hex.EncodeToString(got.Hash[:]) != want || got.Seq != 1 {
		t.Errorf("got %v", got)
	}
}

func TestManyWritersMakeOneChain(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { // ends with its calls
				for range 10 {
					if err := s.Audit(t.Context(), Event{At: noon(), Action: "together"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n, err := s.VerifyAudit(t.Context()); n != 80 || err != nil {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

func TestTheLogIsListedFromTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		audited(t, s)
		var seqs []int64
		for before := int64(0); ; {
			page, err := s.AuditLog(t.Context(), before, 4)
			must(t, err)
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				seqs = append(seqs, e.Seq)
			}
			before = page[len(page)-1].Seq
		}
		if fmt.Sprint(seqs) != "[10 9 8 7 6 5 4 3 2 1]" {
			t.Errorf("got %v", seqs)
		}
		page, err := s.AuditLog(t.Context(), 2, 1)
		must(t, err)
		want := Event{At: noon(), Actor: "admin", Source: "10.0.0.7", Action: "camera.edit", Object: "s012/r1/0", Result: "ok"}
		if len(page) != 1 || page[0].Event != want {
			t.Errorf("got %+v", page)
		}
	})
}
