package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/zap"
)

// Config says what a server is part of. The zero value but for the names is a server that
// only this process can reach.
type Config struct {
	// Node is the name of this machine and County that of its county, city or province.
	// Required.
	Node, County string
	// Listen is the TCP address for the other machines of the county; leaf links of the
	// level below come in on the next port. Default: none, and nobody can dial.
	Listen string
	// Hubs are the other machines of the county: their Listen.
	Hubs []string
	// Above are the machines of the level above: their Listen. One at a time is used.
	Above []string
	// TLS is for both ends of those connections and checks the other one's certificate.
	// Required with any of the three.
	TLS *tls.Config
	// Machine tells whether a peer with such a certificate may be a machine of this
	// county. Required with TLS.
	Machine func(tls.ConnectionState) error
	// Below tells what a machine of the level below may do here. Required with TLS.
	Below func(tls.ConnectionState) (Rights, error)
	// Listened is a subject that somebody at the level above listens to, as long as the way
	// there is open: when it opens, the bus of the level above says that it is up. Default:
	// none, and it says so once.
	Listened string
	// Inbox is the subject below which this node hears answers. Default: the engine's.
	Inbox string
	// Watchdog is after how long without a leaf link, although the level above takes TCP
	// connections, the server is made anew. Default 3 min; see watchdog.
	Watchdog time.Duration
}

// State is what a handshake knows of the other side.
type State = tls.ConnectionState

// Rights are the subjects a peer may write and listen to, as patterns.
type Rights struct{ Write, Listen []string }

const (
	// maxPayload bounds a message: a full list or a page of a snapshot.
	maxPayload = 256 << 10
	// maxPending bounds what waits for a slow client: three quarters of it, then messages
	// for it are dropped. takeWithin is how long it may take nothing, or not all that
	// waited, before it is cut off; it comes back and hears everything again.
	maxPending = 4 << 20
	takeWithin = 10 * time.Second
	// dialTimeout, infoTimeout and tlsTimeout are for lines with a round trip of half a
	// second and loss: the engine's own of one and two seconds were too short in the
	// field (nats-server #5417).
	dialTimeout = 5 * time.Second
	infoTimeout = 10 * time.Second
	tlsTimeout  = 10 // in seconds, as the engine has it
	// pingEvery and pingsOut find a dead TCP connection within 15 s.
	pingEvery = 5 * time.Second
	pingsOut  = 2
)

// aboveAccount is the engine's account for what is said to the level above.
const aboveAccount = "ABOVE"

func (c *Config) validate() error {
	if c.Node == "" || c.County == "" {
		return errors.New("directory engine: node or county has no name")
	}
	networked := c.Listen != "" || len(c.Hubs)+len(c.Above) > 0
	if networked && (c.TLS == nil || c.Machine == nil || c.Below == nil) {
		return errors.New("directory engine: machines talk over mutual TLS only, and there is no certificate")
	}
	return nil
}

// options are the engine's, all of them that matter.
func (c *Config) options(auth *gate) (*natsd.Options, error) {
	o := &natsd.Options{
		ServerName:                 c.Node,
		DontListen:                 c.Listen == "", // schools come in by Serve
		NoSigs:                     true,
		NoSystemAccount:            true,
		MaxPayload:                 maxPayload,
		MaxPending:                 maxPending,
		WriteDeadline:              takeWithin,
		NoFastProducerStall:        true, // nobody waits for a slow one: the next list has the same in it
		PingInterval:               pingEvery,
		MaxPingsOut:                pingsOut,
		AuthTimeout:                tlsTimeout,
		Accounts:                   []*natsd.Account{natsd.NewAccount(aboveAccount)},
		CustomClientAuthentication: auth,
		CustomRouterAuthentication: auth,
	}
	if err := c.cluster(o); err != nil {
		return nil, err
	}
	return o, c.leaves(o)
}

// cluster joins the machines of the county.
func (c *Config) cluster(o *natsd.Options) error {
	o.Cluster.Name = c.County
	if c.Listen == "" {
		return nil
	}
	host, port, err := split(c.Listen)
	if err != nil {
		return err
	}
	// NATS 2.15.2 makes no routes without a port for clients. The gate lets nobody in there.
	o.Host, o.Port = "127.0.0.1", natsd.RANDOM_PORT
	o.Cluster.Host, o.Cluster.Port = host, port
	o.Cluster.TLSConfig, o.Cluster.TLSTimeout = c.TLS, tlsTimeout
	o.Cluster.AuthTimeout = tlsTimeout
	o.Cluster.NoAdvertise = true // every machine has the list of all
	o.Cluster.Compression.Mode = natsd.CompressionOff
	o.Cluster.PingInterval, o.Cluster.MaxPingsOut = pingEvery, pingsOut
	o.Cluster.PoolSize = 1
	for _, hub := range c.Hubs {
		if _, _, err := split(hub); err != nil {
			return err
		}
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: hub})
	}
	return nil
}

// leaves joins the level above, and lets the level below join.
func (c *Config) leaves(o *natsd.Options) error {
	o.LeafNode.IsolateLeafnodeInterest = true // a county need not hear what another listens to
	o.LeafNode.Compression.Mode = natsd.CompressionOff
	o.LeafNode.DialTimeout = dialTimeout
	o.LeafNode.ReconnectInterval = time.Second
	o.LeafNode.NoAdvertise = true
	if c.Listen != "" {
		host, port, err := split(c.Listen)
		if err != nil {
			return err
		}
		if port > 0 {
			port++
		}
		o.LeafNode.Host, o.LeafNode.Port = host, port
		o.LeafNode.TLSConfig, o.LeafNode.TLSTimeout = c.TLS, tlsTimeout
		o.LeafNode.TLSHandshakeFirst = true // strangers learn nothing
		o.LeafNode.AuthTimeout = tlsTimeout
	}
	if len(c.Above) == 0 {
		return nil
	}
	r := &natsd.RemoteLeafOpts{
		LocalAccount:      aboveAccount,
		TLSConfig:         c.TLS,
		TLSTimeout:        tlsTimeout,
		TLSHandshakeFirst: true,
		FirstInfoTimeout:  infoTimeout,
		DialTimeout:       dialTimeout,
		Compression:       natsd.CompressionOpts{Mode: natsd.CompressionOff},
		RequestIsolation:  true,
	}
	for _, a := range c.Above {
		door, err := leafDoor(a)
		if err != nil {
			return err
		}
		r.URLs = append(r.URLs, &url.URL{Scheme: "nats-leaf", Host: door})
	}
	o.LeafNode.Remotes = []*natsd.RemoteLeafOpts{r}
	return nil
}

// leafDoor is where leaf links come in at a machine that listens there: one port on.
func leafDoor(listen string) (string, error) {
	host, port, err := split(listen)
	return net.JoinHostPort(host, strconv.Itoa(port+1)), err
}

func split(hostport string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(hostport)
	if err == nil {
		port, err = strconv.Atoi(p)
	}
	if err != nil {
		return "", 0, fmt.Errorf("directory engine: %q is not HOST:PORT", hostport)
	}
	if port == 0 {
		port = natsd.RANDOM_PORT
	}
	return host, port, nil
}

// logger is where the engine writes. It repeats itself with every attempt to connect, so
// all but the last straw is for developers; what operators need is said by the gate, the
// watchdog and the directory.
type logger struct{ log *zap.SugaredLogger }

func (l logger) Noticef(f string, v ...any) { l.log.Debugf(f, v...) }
func (l logger) Warnf(f string, v ...any)   { l.log.Debugf(f, v...) }
func (l logger) Errorf(f string, v ...any)  { l.log.Debugf(f, v...) }
func (l logger) Fatalf(f string, v ...any)  { l.log.Errorf(f, v...) }
func (l logger) Debugf(string, ...any)      {}
func (l logger) Tracef(string, ...any)      {}
