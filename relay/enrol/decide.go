package enrol

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// DecideJoin tells who a machine will be that comes with a token, by its hash, and wants
// to be called name; "" leaves that to us. The school's first machine is called as the
// school, the others SCHOOL-SOMETHING, so that no school can take the name of another.
func DecideJoin(county string, book []store.Token, hash [32]byte, name string) (identity.Member, error) {
	i := slices.IndexFunc(book, func(t store.Token) bool { return t.Hash == hash })
	if i < 0 {
		return identity.Member{Node: name}, store.ErrNoToken
	}
	t := book[i]
	m := identity.Member{Node: t.School, County: county, Role: identity.Role(t.Role)}
	if m.Role == identity.School {
		m.School = t.School
	}
	if name == "" || name == t.School {
		return m, m.Check()
	}
	m.Node = name
	taken := slices.ContainsFunc(book, func(other store.Token) bool { return other.School == name })
	switch {
	case m.Role != identity.School:
		return m, &Refusal{ReasonName, fmt.Sprintf("this code is for the machine %s: leave --name out", t.School)}
	case !strings.HasPrefix(name, t.School+"-"):
		return m, &Refusal{ReasonName, fmt.Sprintf(
			"this code is for the school %s: its machines are called %s, or %s-2 and the like, not %q",
			t.School, t.School, t.School, name)}
	case taken:
		return m, &Refusal{ReasonName, fmt.Sprintf("%s is the name of another school", name)}
	}
	if err := m.Check(); err != nil {
		return m, &Refusal{ReasonName, err.Error()}
	}
	return m, nil
}

// user is how the token book remembers who has used a token: the node, and the beginning
// of the hash of its key. A node's name has no slash.
func user(node string, key *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return node + "/" + hex.EncodeToString(sum[:16]), nil
}

// UserOf is the node in what the token book has for the user of a token.
func UserOf(used string) string {
	node, _, _ := strings.Cut(used, "/")
	return node
}

// DecideAgain tells whether somebody who comes with a used token may have an answer all
// the same: the one who used it, whose answer was lost on the way. He shows it by the
// key, whose other half nobody else has: a certificate for it is of no use to others.
func DecideAgain(t store.Token, used string, now time.Time) bool {
	return t.UsedBy == used && now.Before(t.Expires)
}

// DecideRenew tells who a node stays that comes to renew. The handshake has verified the
// certificate, as one that is good or has expired less than a month ago.
func DecideRenew(leaf *x509.Certificate) (identity.Member, []string, error) {
	m, err := identity.MemberOf(leaf)
	return m, identity.HostsOf(leaf), err
}

// refusal puts an error of the token book into words for who asked.
func refusal(err error) *Refusal {
	switch {
	case errors.Is(err, store.ErrNoToken):
		return &Refusal{ReasonUnknown, "nobody made this code here: is it complete, and of this county?"}
	case errors.Is(err, store.ErrTokenExpired):
		return &Refusal{ReasonExpired, "this code has expired: ask for a new one"}
	case errors.Is(err, store.ErrTokenUsed):
		return &Refusal{ReasonUsed, "this code was used already: ask for a new one, and tell the county if it was not you"}
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{ReasonFailed, "the hub could not do it, its log says why: try again in a minute"}
}
