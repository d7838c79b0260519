package identity

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
)

// Role is the level of the tree that a node belongs to. A hub is a machine of a county.
type Role string

// The roles, from the bottom up.
const (
	School   Role = "school"
	Hub      Role = "hub"
	City     Role = "city"
	Province Role = "province"
)

// ParseRole checks a role that somebody wrote.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case School, Hub, City, Province:
		return r, nil
	}
	return "", fmt.Errorf("unknown role %q (school, hub, city or province)", s)
}

// Member is what a certificate says of a node.
type Member struct {
	Node string
	// County and Role are empty in a certificate that was issued by hand and names none.
	County string
	Role   Role
	// School is whose machine it is, when Role is School: a school may have several,
	// and each may speak for it.
	School string
}

// Level is the node's role; a certificate that names none is that of a hub, so that
// small sites need no roles.
func (m Member) Level() Role {
	if m.Role == "" {
		return Hub
	}
	return m.Role
}

// MayParent tells whether a node may take the other for its parent: anything but the
// machine of another school.
func (m Member) MayParent(other Member) bool {
	return other.Level() != School || m.Level() == School && m.School == other.School
}

// Check tells whether a certificate can say this.
func (m Member) Check() error {
	if err := CheckName(m.Node); err != nil {
		return err
	}
	if m.County != "" {
		if err := CheckName(m.County); err != nil {
			return fmt.Errorf("county: %w", err)
		}
	}
	if m.Role != "" {
		if _, err := ParseRole(string(m.Role)); err != nil {
			return err
		}
	}
	switch {
	case m.Role == School && CheckName(m.School) != nil:
		return fmt.Errorf("node %s: bad school name %q: up to 64 letters, digits, '.', '_' and '-'", m.Node, m.School)
	case m.Role != School && m.School != "":
		return fmt.Errorf("node %s: only the machine of a school has a school", m.Node)
	}
	return nil
}

// MemberOf reads a certificate. It says nothing about who signed it.
func MemberOf(leaf *x509.Certificate) (Member, error) {
	said := make(map[string]string)
	for _, u := range leaf.URIs {
		if u.Scheme != scheme {
			continue
		}
		if _, twice := said[u.Host]; twice {
			return Member{}, fmt.Errorf("the certificate of %q says twice what its %s is", leaf.Subject.CommonName, u.Host)
		}
		said[u.Host] = strings.TrimPrefix(u.Path, "/")
	}
	if _, ok := said[hostNode]; !ok {
		return Member{}, fmt.Errorf("the certificate of %q names no node: it was not made by `classrelay ca issue`",
			leaf.Subject.CommonName)
	}
	m := Member{Node: said[hostNode], County: said[hostCounty], Role: Role(said[hostRole]), School: said[hostSchool]}
	if m.Role == School && m.School == "" {
		m.School = m.Node
	}
	return m, m.Check()
}

// PeerMember is who is on the other side of a connection that one of our
// configurations has verified.
func PeerMember(s tls.ConnectionState) (Member, error) {
	if len(s.PeerCertificates) == 0 {
		return Member{}, fmt.Errorf("%w: it shows no certificate", ErrPeer)
	}
	m, err := MemberOf(s.PeerCertificates[0])
	if err != nil {
		return Member{}, fmt.Errorf("%w: %w", ErrPeer, err)
	}
	return m, nil
}

// scheme is that of the URIs in which a certificate says who a node is, and the hosts
// are what each of them says: classrelay://node/NAME.
const (
	scheme     = "classrelay"
	hostNode   = "node"
	hostCounty = "county"
	hostRole   = "role"
	hostSchool = "school"
)

// uris are what a certificate says of a member.
func (m Member) uris() (list []*url.URL) {
	for _, u := range [][2]string{
		{hostNode, m.Node}, {hostCounty, m.County}, {hostRole, string(m.Role)}, {hostSchool, m.School},
	} {
		if u[1] != "" {
			list = append(list, &url.URL{Scheme: scheme, Host: u[0], Path: "/" + u[1]})
		}
	}
	return list
}
