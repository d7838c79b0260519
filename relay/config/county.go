package config

import (
	"fmt"
	"net"

	"github.com/classrelay/classrelay/relay/identity"
)

// County is the node's place among others. A site from files alone has none.
type County struct {
	// Name of the county. Default: what the certificate says.
	Name string `yaml:"name,omitempty"`
	// Role is school, hub, city or province: the level of the tree. Default: what the
	// certificate says; one that says nothing is a hub's.
	Role identity.Role `yaml:"role,omitempty"`
	// State is the folder for what the node must not forget. A relative path is beside
	// the configuration file. Default: "state".
	State string `yaml:"state,omitempty"`
	// CA is the folder of the county's CA, on the one machine that lets others join. A
	// relative path is looked for as identity is. Default: joining is elsewhere.
	CA string `yaml:"ca,omitempty"`
	// Renew is where the node has its certificate renewed: HOST:PORT of listen.quic of the
	// machine with the CA. Default: the parents.
	Renew []string `yaml:"renew,omitempty"`
	// Hubs are the other hub machines of this county, HOST:PORT of their county.listen.
	Hubs []string `yaml:"hubs,omitempty"`
	// Above are the machines of the level above, HOST:PORT of their county.listen.
	Above []string `yaml:"above,omitempty"`
	// Listen is the TCP address for the other machines, such as ":5222". Mutual TLS.
	Listen string `yaml:"listen,omitempty"`
	// Capacity weighs the hub machines of a county against each other: of two, one with 3
	// gets three of four lessons. Default: 1.
	Capacity Weight `yaml:"capacity,omitempty"`
	// Share names the feeds that the level above may see and pull, and how much of them;
	// parents[].max_rate caps the rate of all together. Default: all.
	Share []Share `yaml:"share,omitempty"`
}

// Default of county.state.
const defaultState = "state"

// In tells whether the node has a place in a county.
func (c *County) In() bool {
	return c.Name != "" || c.Role != "" || c.State != "" || c.CA != "" || c.Listen != "" ||
		len(c.Renew) > 0 || len(c.Hubs) > 0 || len(c.Above) > 0 || len(c.Share) > 0 || c.Capacity != 0
}

func (c *Config) checkCounty(k *checks) {
	county := &c.County
	if !county.In() {
		return
	}
	if c.Identity == "" {
		k.add("identity", "a node of a county needs one: classrelay join CODE")
	}
	if county.Name != "" {
		k.err("county.name", identity.CheckName(county.Name))
	}
	if county.Role != "" {
		_, err := identity.ParseRole(string(county.Role))
		k.err("county.role", err)
	}
	if county.CA != "" && county.Role == identity.School {
		k.add("county.ca", "a school lets nobody join: the CA is at a hub")
	}
	if county.CA != "" && c.Listen.QUIC == "" {
		k.add("county.ca", "nobody can join here: listen.quic is not set")
	}
	k.err("county.listen", checkListen(county.Listen))
	checkMachines(k, "county.renew", county.Renew)
	county.checkDirectory(k)
	checkMachines(k, "county.hubs", county.Hubs)
	checkMachines(k, "county.above", county.Above)
}

// checkMachines checks a list of addresses to dial.
func checkMachines(k *checks, key string, list []string) {
	for i, address := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" {
			k.add(at, "%q is not HOST:PORT", address)
			continue
		}
		k.err(at, checkPort(address, port))
	}
}
