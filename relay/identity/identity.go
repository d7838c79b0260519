package identity

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Identity is who this node is: its certificate, its key and the CA it trusts,
// read from a folder. It is safe for concurrent use; Reload swaps all three at
// once, for connections that begin after it.
type Identity struct {
	dir     string
	current atomic.Pointer[credentials]
	denied  atomic.Pointer[map[string]struct{}]
	own     func() time.Time // this machine's clock
	clock   clock
}

// credentials is one reading of the folder. It does not change.
type credentials struct {
	member Member
	cert   tls.Certificate
	ca     *x509.Certificate
	pool   *x509.CertPool
	reset  [32]byte
}

// Load reads cert.pem, key.pem and ca.pem from dir, and refuses what no peer takes: a
// certificate that another CA signed or that does not belong to the key. The error says
// which, and the command that mends it. One that is out of its time is taken, because
// the node can have it renewed, and because it may be the clock that is wrong: Check
// tells.
func Load(dir string) (*Identity, error) { return LoadBy(dir, time.Now) }

// LoadBy is Load on a machine whose clock is another one than the system's, as of a
// school's computer with an empty battery. It is for tests.
func LoadBy(dir string, own func() time.Time) (*Identity, error) {
	id := &Identity{dir: dir, own: own}
	if err := id.Reload(); err != nil {
		return nil, err
	}
	return id, nil
}

// Reload reads the folder again. On an error the node goes on with what it had.
func (id *Identity) Reload() error {
	c, err := read(id.dir)
	if err != nil {
		return fmt.Errorf("identity %s: %w", id.dir, err)
	}
	id.current.Store(c)
	id.clock.prove(IssuedAt(c.cert.Leaf), id.own())
	return nil
}

// Check tells in an operator's words whether the certificate is out of its time, as far
// as is known here what time it is.
func (id *Identity) Check() error {
	c := id.current.Load()
	if err := verify(c.cert.Leaf, c, x509.ExtKeyUsageAny, id.Now()); err != nil {
		return fmt.Errorf("identity %s: %s: %w", id.dir, certFile, err)
	}
	return nil
}

// Dir is the folder.
func (id *Identity) Dir() string { return id.dir }

// Name is the node's name as its certificate gives it.
func (id *Identity) Name() string { return id.current.Load().member.Node }

// Member is all that the certificate says of the node.
func (id *Identity) Member() Member { return id.current.Load().member }

// Certificate is the node's own.
func (id *Identity) Certificate() *x509.Certificate { return id.current.Load().cert.Leaf }

// CA is the certificate of who signed it.
func (id *Identity) CA() *x509.Certificate { return id.current.Load().ca }

// NotAfter is when the certificate expires.
func (id *Identity) NotAfter() time.Time { return id.current.Load().cert.Leaf.NotAfter }

// Hosts are the names of this node's host that its certificate holds.
func (id *Identity) Hosts() []string { return id.current.Load().cert.Leaf.DNSNames }

func read(dir string) (*credentials, error) {
	leaf, err := readCert(filepath.Join(dir, certFile))
	if err != nil {
		return nil, missing(err, dir)
	}
	ca, err := readCert(filepath.Join(dir, caFile))
	if err != nil {
		return nil, missing(err, dir)
	}
	key, err := readKeyOf(leaf, dir)
	if err != nil {
		return nil, missing(err, dir)
	}
	c, err := check(leaf, key, ca)
	if err != nil {
		return nil, err
	}
	c.reset, err = readReset(dir, key)
	return c, err
}

// readKeyOf reads the key. Where power has failed after a new certificate was put in
// place and before its key was, it puts that right.
func readKeyOf(leaf *x509.Certificate, dir string) (*ecdsa.PrivateKey, error) {
	key, err := readKey(filepath.Join(dir, keyFile))
	if err == nil && key.PublicKey.Equal(leaf.PublicKey) {
		return key, nil
	}
	next, nextErr := readKey(filepath.Join(dir, nextKeyFile))
	if nextErr != nil || !next.PublicKey.Equal(leaf.PublicKey) {
		return key, err
	}
	_ = finish(dir) // where this cannot be written, the key is read from there every time
	return next, nil
}

// check tells whether three files are one identity.
func check(leaf *x509.Certificate, key *ecdsa.PrivateKey, ca *x509.Certificate) (*credentials, error) {
	member, err := MemberOf(leaf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("%s does not belong to %s: copy both from one `classrelay ca issue`", keyFile, certFile)
	}
	c := &credentials{
		member: member,
		cert:   tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf},
		ca:     ca,
		pool:   x509.NewCertPool(),
	}
	c.pool.AddCert(ca)
	if err := verify(leaf, c, x509.ExtKeyUsageAny, leaf.NotBefore); err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	return c, nil
}

func missing(err error, dir string) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; to make it: classrelay ca issue --dir %s --name %s",
		err, filepath.Dir(dir), filepath.Base(dir))
}
