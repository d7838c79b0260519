package directory

import (
	"crypto/tls"
	"fmt"

	"github.com/classrelay/classrelay/relay/identity"
)

// Vet decides by certificates who may join which bus of a machine. County and Role are
// the machine's own. A certificate that was issued by hand names no county: the CA has
// signed it for this one.
type Vet struct {
	County string
	Role   identity.Role
}

func (v Vet) peer(s tls.ConnectionState) (identity.Member, error) {
	p, err := identity.PeerMember(s)
	if p.County == "" && p.Role == "" {
		p.County = v.County
	}
	return p, err
}

// Machine checks another machine of the same county.
func (v Vet) Machine(s tls.ConnectionState) error {
	p, err := v.peer(s)
	if err == nil && (p.County != v.County || p.Level() != v.Role) {
		err = fmt.Errorf("node %s is a %s of %q; only machines of %q that are a %s join here",
			p.Node, p.Level(), p.County, v.County, v.Role)
	}
	return err
}

// Below gives a machine of a lower level its rights here.
func (v Vet) Below(s tls.ConnectionState) (Rights, error) {
	p, err := v.peer(s)
	if err != nil {
		return Rights{}, err
	}
	if p.County == v.County || p.Level() == identity.School || !isAbove(v.Role, p.Level()) {
		return Rights{}, fmt.Errorf("node %s is a %s of %q, and no machine of a level below this %s of %q",
			p.Node, p.Level(), p.County, v.Role, v.County)
	}
	return RightsBelow(p.County, p.Level()), nil
}

// Attach gives a node that has a link to this machine its rights on the county's bus.
func (v Vet) Attach(s tls.ConnectionState) (ID, Rights, error) {
	p, err := v.peer(s)
	if err == nil && p.County != v.County {
		err = fmt.Errorf("node %s is of %q; only nodes of %q attach here", p.Node, p.County, v.County)
	}
	id := ID{p.County, p.Node}
	return id, RightsOf(id, p.Level()), err
}
