package access

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Realm is the realm of every login; it goes into the Digest hashes.
const Realm = "classrelay"

// Config names the networks that need no login. The zero value opens nothing.
type Config struct {
	// Watch are networks whose viewers need no login. Default: none.
	Watch []netip.Prefix `yaml:"watch,omitempty"`
	// Push are networks whose pushers need no login. Default: none.
	Push []netip.Prefix `yaml:"push,omitempty"`
	// Basic lets users log in by Basic without TLS, which sends the password in
	// clear. Default: Digest only.
	Basic bool `yaml:"basic,omitempty"`
}

// Right is what a user may do.
type Right string

// The rights.
const (
	RightWatch Right = "watch" // play any feed
	RightPush  Right = "push"  // publish any feed
	RightAdmin Right = "admin" // all of it
)

// User may log in. `classrelay user hash` prints one, ready to paste.
type User struct {
	// Name is what the user logs in as. Required.
	Name string `yaml:"name"`
	// Password is an argon2id hash in PHC form; it serves Basic logins.
	Password string `yaml:"password,omitempty"`
	// Digest are the hashes that serve Digest logins.
	Digest Digest `yaml:"digest,omitempty"`
	// May is what this user may do. Default: [watch].
	May []Right `yaml:"may,omitempty"`
}

// Digest holds H(name:realm:password) in hexadecimal, the realm being Realm
// (RFC 7616 §3.4.2). Who has such a hash can log in with it: keep it like a
// password.
type Digest struct {
	MD5    string `yaml:"md5,omitempty"`    // for ffmpeg, VLC and most recorders
	SHA256 string `yaml:"sha256,omitempty"` // for clients that know RFC 7616
}

// Validate checks one user; its error names the key.
func (u *User) Validate() error {
	if u.Name == "" {
		return errors.New("name: it is empty")
	}
	if strings.ContainsFunc(u.Name, func(r rune) bool { return r < ' ' || r == ':' || r == '"' || r == '\\' }) {
		return fmt.Errorf("name: %q cannot be sent in a login: leave out ':', '\"', '\\' and control characters", u.Name)
	}
	if u.Password == "" && u.Digest == (Digest{}) {
		return fmt.Errorf("user %s has neither password nor digest: run: classrelay user hash --name %s", u.Name, u.Name)
	}
	if u.Password != "" {
		if _, err := parseHash(u.Password); err != nil {
			return fmt.Errorf("password: %w; make one with: classrelay user hash --name %s", err, u.Name)
		}
	}
	if err := checkHex(u.Digest.MD5, 16); err != nil {
		return fmt.Errorf("digest.md5: %w", err)
	}
	if err := checkHex(u.Digest.SHA256, 32); err != nil {
		return fmt.Errorf("digest.sha256: %w", err)
	}
	for _, r := range u.May {
		if r != RightWatch && r != RightPush && r != RightAdmin {
			return fmt.Errorf("may: unknown right %q (watch, push or admin)", r)
		}
	}
	return nil
}

// may tells whether the user has a right.
func (u *User) may(r Right) bool {
	if len(u.May) == 0 {
		return r == RightWatch
	}
	return slices.Contains(u.May, r) || slices.Contains(u.May, RightAdmin)
}

// checkHex accepts an empty string or exactly n bytes in hexadecimal.
func checkHex(s string, n int) error {
	if s == "" {
		return nil
	}
	if b, err := hex.DecodeString(s); err != nil || len(b) != n {
		return fmt.Errorf("it is not %d hexadecimal digits", 2*n)
	}
	return nil
}
