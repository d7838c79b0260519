package enrol

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// TokenLife is how long a token is good when nothing else is asked for: a code that is
// read out today is used today or tomorrow morning.
const TokenLife = 24 * time.Hour

// longestLife bounds what may be asked for instead.
const longestLife = 30 * 24 * time.Hour

// Token is the secret in a join code.
type Token [16]byte

// NewToken draws one.
func NewToken() (t Token) {
	_, _ = rand.Read(t[:]) // never fails (crypto/rand)
	return t
}

// String shows nothing of it.
func (Token) String() string { return "(a join token)" }

// Hash is what is stored of it. Nobody can guess 128 bits, so it needs no salt.
func (t Token) Hash() [32]byte {
	return sha256.Sum256(append([]byte("classrelay join token\n"), t[:]...))
}

// Entry is what the store keeps of a new token: for which school and role, from now on
// for so long.
func (t Token) Entry(school string, role identity.Role, now time.Time, life time.Duration) (store.Token, error) {
	if err := identity.CheckName(school); err != nil {
		return store.Token{}, fmt.Errorf("school: %w", err)
	}
	if _, err := identity.ParseRole(string(role)); err != nil {
		return store.Token{}, err
	}
	if life <= 0 || life > longestLife {
		return store.Token{}, fmt.Errorf("a code is good for up to %s, not for %s", longestLife, life)
	}
	return store.Token{Hash: t.Hash(), School: school, Role: string(role), Made: now, Expires: now.Add(life)}, nil
}
