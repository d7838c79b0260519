package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// camera makes a record with a secret.
func camera(password string) Record {
	return rec(TableCamera, "s012/r1/c1", fmt.Sprintf(`{"user":"admin","password":%q,"n":12345678901234567890}`, password))
}

func secretOf(t *testing.T, s *Store) string {
	t.Helper()
	opened, err := s.Secret(t.Context(), TableCamera, "s012/r1/c1", "password")
	if err != nil {
		return err.Error()
	}
	return string(opened)
}

func TestASecretIsMaskedAndTheMaskKeepsIt(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		writer(t, s)
		put(t, s, camera("hunter2"))
		const masked = `{"n":12345678901234567890,"password":"********","user":"admin"}`
		if got := rowOf(t, s, TableCamera, "s012/r1/c1"); got != masked {
			t.Errorf("reading gives %s", got)
		}
		list, err := s.List(t.Context(), TableCamera, "")
		must(t, err)
		if len(list) != 1 || string(list[0].Row) != masked {
			t.Errorf("listing gives %+v", list)
		}

		edited := rec(TableCamera, "s012/r1/c1", `{"user":"root","password":"********"}`)
		put(t, s, edited)
		if got := secretOf(t, s); got != "hunter2" {
			t.Errorf("after the mask was written back it is %q", got)
		}
		if got := rowOf(t, s, TableCamera, "s012/r1/c1"); got != `{"password":"********","user":"root"}` {
			t.Errorf("the rest is %s", got)
		}
		put(t, s, camera("changed"))
		if got := secretOf(t, s); got != "changed" {
			t.Errorf("after a new one was written it is %q", got)
		}
		put(t, s, rec(TableCamera, "s012/r1/c1", `{"user":"root"}`))
		if _, err := s.Secret(t.Context(), TableCamera, "s012/r1/c1", "password"); !errors.Is(err, ErrNoSecret) {
			t.Errorf("after it was left out: %v", err)
		}
		if got := rowOf(t, s, TableCamera, "s012/r1/c1"); got != `{"user":"root"}` {
			t.Errorf("then reading gives %s", got)
		}
		put(t, s, camera("again"), gone(TableCamera, "s012/r1/c1"))
		if got := secretOf(t, s); !strings.Contains(got, "no secret") {
			t.Errorf("the secret of a record that is gone: %s", got)
		}
	})
}

func TestNoFileHoldsASecretInClear(t *testing.T) {
	dir := t.TempDir()
	s := writer(t, open(t, In(dir)))
	put(t, s, camera("correct horse battery"))
	put(t, s, camera("correct horse staple"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		must(t, err)
		if bytes.Contains(b, []byte("correct horse")) {
			t.Errorf("%s holds it", file)
		}
	}
	info, err := os.Stat(In(dir) + ".key")
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has the rights %v", info.Mode().Perm())
	}
}

func TestNothingThatIsPrintedShowsASecret(t *testing.T) {
	s := writer(t, open(t, In(t.TempDir())))
	put(t, s, camera("hunter2"))
	c, err := s.Since(t.Context(), 0, 0, "")
	must(t, err)
	if len(c.Records) != 1 || c.Records[0].Secrets["password"] != "hunter2" {
		t.Fatalf("the change has %d records", len(c.Records))
	}
	p := Parcel{Records: c.Records}
	opened := c.Records[0].Secrets["password"]
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{c, &c, p, &p, c.Records, c.Records[0], &c.Records[0], opened} {
			if text := fmt.Sprintf(format, x); strings.Contains(text, "hunter2") {
				t.Errorf("%s of %T gives %s", format, x, text)
			}
		}
	}
}

func TestASecretThatWasMovedToAnotherRecordDoesNotOpen(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		writer(t, s)
		put(t, s, camera("hunter2"), rec(TableCamera, "s012/r1/c2", `{"password":"other"}`))
		_, err := s.write.ExecContext(t.Context(), `UPDATE secret SET sealed =
			(SELECT sealed FROM secret WHERE key = 's012/r1/c2') WHERE key = 's012/r1/c1'`)
		must(t, err)
		if _, err := s.Secret(t.Context(), TableCamera, "s012/r1/c1", "password"); !errors.Is(err, ErrSealed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheKeyCanBeChangedAndALostOneIsSaid(t *testing.T) {
	path := In(t.TempDir())
	s := writer(t, open(t, path))
	put(t, s, camera("hunter2"))
	old, err := os.ReadFile(path + ".key")
	must(t, err)

	must(t, os.Remove(path+".key"))
	_, err = s.Secret(t.Context(), TableCamera, "s012/r1/c1", "password")
	if !errors.Is(err, ErrSealed) || !strings.Contains(err.Error(), "key file") {
		t.Errorf("without the key: %v", err)
	}
	if got := rowOf(t, s, TableCamera, "s012/r1/c1"); !strings.Contains(got, Mask) {
		t.Errorf("reading without the key: %s", got)
	}
	c, err := s.Since(t.Context(), 0, 0, "")
	must(t, err)
	if got := c.Records[0].Secrets["password"]; got != Mask {
		t.Errorf("without the key another machine is told %q", string(got))
	}

	put(t, s, rec(TableCamera, "s012/r1/c2", `{"password":"new"}`)) // makes a new key
	fresh, err := os.ReadFile(path + ".key")
	must(t, err)
	must(t, os.WriteFile(path+".key", append(fresh, old...), 0o600))
	if got := secretOf(t, s); got != "hunter2" {
		t.Errorf("with the old key behind the new one: %s", got)
	}

	for _, wrong := range []string{"", "\n", "abc\n", string(fresh) + "abc\n"} {
		must(t, os.WriteFile(path+".key", []byte(wrong), 0o600))
		if _, err := s.Secret(t.Context(), TableCamera, "s012/r1/c1", "password"); err == nil {
			t.Errorf("with the key file %q it opened", wrong)
		}
		if _, err := s.Put(t.Context(), camera("typed again")); err == nil {
			t.Errorf("with the key file %q it sealed", wrong)
		}
	}
}

func TestTheSameSecretIsNeverSealedTheSameWay(t *testing.T) {
	keys, err := readOrMakeSealKeys(filepath.Join(t.TempDir(), "key"))
	must(t, err)
	p := place{"camera", "s012/r1/c1", "password"}
	one, two := keys.seal(p, "hunter2"), keys.seal(p, "hunter2")
	if one == two || strings.Contains(one, "hunter2") {
		t.Errorf("%s and %s", one, two)
	}
	if got, err := keys.open(p, one); got != "hunter2" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, other := range []place{{"camer", "as012/r1/c1", "password"}, {"camera", "s012/r1/c2", "password"}, {"camera", "s012/r1/c1", "totp"}} {
		if got, err := keys.open(other, one); !errors.Is(err, ErrSealed) {
			t.Errorf("at %v it opens to %q, %v", other, got, err)
		}
	}
}

func FuzzASealedTextIsReadWithoutHarm(f *testing.F) {
	keys, err := readOrMakeSealKeys(filepath.Join(f.TempDir(), "key"))
	if err != nil {
		f.Fatal(err)
	}
	p := place{"camera", "s012/r1/c1", "password"}
	sealed := keys.seal(p, "x")
	for _, seed := range []string{"", "v1", "v1:", "v1:" + keys[0].id, "v1:" + keys[0].id + ":AAAA", "v2:a:b", "*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.NewReplacer("\r", "", "\n", "").Replace(text) == sealed { // base64 passes over them
			return
		}
		if opened, err := keys.open(p, text); err == nil {
			t.Errorf("%q opens to %q", text, opened)
		}
	})
}
