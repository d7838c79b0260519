package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Mask is what reading shows in place of a secret. As a secret it cannot be had.
const Mask = "********"

// largestRow is far above what a room full of cameras needs, and well below what one
// message between machines carries.
const largestRow = 64 << 10 // bytes

// Secret opens one secret of a record, such as the password of a camera. The caller
// uses it and forgets it. It fails with ErrNoSecret, or with ErrSealed when the key is
// not here.
func (s *Store) Secret(ctx context.Context, table, key, field string) (secret Clear, err error) {
	err = s.view(ctx, "open a secret", func(t tx) error {
		sealed, err := t.sealed(table, key)
		if err != nil {
			return err
		}
		text, ok := sealed[field]
		if !ok {
			return fmt.Errorf("%v: %w", place{table, key, field}, ErrNoSecret)
		}
		keys, err := readSealKeys(s.keyFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		opened, err := keys.open(place{table, key, field}, text)
		secret = Clear(opened)
		return err
	})
	return secret, err
}

// part takes the secrets out of a row that somebody wrote, and puts the row into one
// form: a JSON object, its keys in order. A secret that is the mask stays the mask.
func (t *table) part(key string, row json.RawMessage) (json.RawMessage, map[string]Clear, error) {
	fail := func(format string, args ...any) (json.RawMessage, map[string]Clear, error) {
		return nil, nil, fmt.Errorf("%s %s: "+format, append([]any{t.name, key}, args...)...)
	}
	if len(row) > largestRow || !utf8.Valid(row) {
		return fail("its row is not UTF-8 of at most %d bytes", largestRow)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(row, &fields); err != nil || fields == nil {
		return fail("its row is no JSON object")
	}
	var secrets map[string]Clear
	for _, name := range t.secrets {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		delete(fields, name)
		var secret string
		if err := json.Unmarshal(raw, &secret); err != nil {
			return fail("%s is no text", name)
		}
		if secret == "" {
			continue
		}
		if secrets == nil {
			secrets = make(map[string]Clear)
		}
		secrets[name] = Clear(secret)
	}
	if name := loginInURL(fields); name != "" {
		return fail("%s holds a password in clear: write it as password", name)
	}
	plain, err := json.Marshal(fields)
	if err != nil {
		return fail("%w", err)
	}
	return plain, secrets, nil
}

// loginInURL finds a text that is a URL with a password in it, as camera addresses are
// often passed around: it would be stored in clear.
func loginInURL(fields map[string]json.RawMessage) string {
	names := make([]string, 0, len(fields))
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil || !strings.Contains(text, "://") {
			continue
		}
		u, err := url.Parse(text)
		if err != nil && strings.Contains(text, "@") { // cannot tell: to be on the safe side
			names = append(names, name)
			continue
		}
		if err == nil && u.User != nil {
			if _, ok := u.User.Password(); ok {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// masked is the record for reading.
func (v *Logged) masked(t tx) (r Record, err error) {
	names := slices.Collect(maps.Keys(v.Secrets))
	if len(names) == 0 {
		sealed, err := t.sealed(v.Table, v.Key)
		if err != nil {
			return v.Record, err
		}
		names = slices.Collect(maps.Keys(sealed))
	}
	r = v.Record
	if len(names) == 0 || v.Gone {
		return r, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(v.Row, &fields); err != nil {
		return r, fmt.Errorf("%w: %v: %w", ErrDamaged, &r, err)
	}
	for _, name := range names {
		fields[name] = json.RawMessage(`"` + Mask + `"`)
	}
	r.Row, err = json.Marshal(fields)
	return r, err
}

// sealed reads the sealed secrets of a record by field.
func (t tx) sealed(table, key string) (map[string]string, error) {
	type secret struct{ field, text string }
	list, err := all(t, func(r row) (s secret, err error) { return s, r.Scan(&s.field, &s.text) },
		`SELECT field, sealed FROM secret WHERE tab = $1 AND key = $2`, table, key)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	texts := make(map[string]string, len(list))
	for _, s := range list {
		texts[s.field] = s.text
	}
	return texts, nil
}

// keep writes the secrets of a record that is there: those that are the mask stay, the
// others are sealed anew, and those that are not named go.
func (s *Store) keep(t tx, v *Logged, old map[string]string) error {
	if len(v.Secrets) == 0 && len(old) == 0 {
		return nil
	}
	if err := t.exec(`DELETE FROM secret WHERE tab = $1 AND key = $2`, v.Table, v.Key); err != nil {
		return err
	}
	var keys sealKeys
	for field, secret := range v.Secrets {
		text := old[field]
		if secret != Mask {
			if keys == nil {
				var err error
				if keys, err = readOrMakeSealKeys(s.keyFile); err != nil {
					return err
				}
			}
			text = keys.seal(place{v.Table, v.Key, field}, string(secret))
		}
		if text == "" { // the sender could not open its own, and we have none
			continue
		}
		if err := t.exec(`INSERT INTO secret (tab, key, field, sealed) VALUES ($1, $2, $3, $4)`,
			v.Table, v.Key, field, text); err != nil {
			return err
		}
	}
	return nil
}

// openAll opens the secrets of a record for another machine. One that cannot be opened
// is sent as the mask, which leaves the other machine's as it is: a lost key must not
// take the passwords from those who still have them.
func (k sealKeys) openAll(v *Logged, sealed map[string]string) {
	if len(sealed) == 0 {
		return
	}
	v.Secrets = make(map[string]Clear, len(sealed))
	for field, text := range sealed {
		opened, err := k.open(place{v.Table, v.Key, field}, text)
		if err != nil {
			opened = Mask
		}
		v.Secrets[field] = Clear(opened)
	}
}
