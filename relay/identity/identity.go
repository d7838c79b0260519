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
}

// credentials is one reading of the folder. It does not change.
type credentials struct {
	name string
	cert tls.Certificate
	pool *x509.CertPool
}

// Load reads cert.pem, key.pem and ca.pem from dir, and refuses what peers would
// refuse: a certificate that has expired, that another CA signed or that does not
// belong to the key. The error says which, and the command that mends it.
func Load(dir string) (*Identity, error) {
	id := &Identity{dir: dir}
	if err := id.Reload(); err != nil {
		return nil, err
	}
	return id, nil
}

// Reload reads the folder again. On an error the node goes on with what it had.
func (id *Identity) Reload() error {
	c, err := read(id.dir, time.Now())
	if err != nil {
		return fmt.Errorf("identity %s: %w", id.dir, err)
	}
	id.current.Store(c)
	return nil
}

// Name is the node's name as its certificate gives it.
func (id *Identity) Name() string { return id.current.Load().name }

// NotAfter is when the certificate expires.
func (id *Identity) NotAfter() time.Time { return id.current.Load().cert.Leaf.NotAfter }

// Hosts are the names of this node's host that its certificate holds.
func (id *Identity) Hosts() []string { return id.current.Load().cert.Leaf.DNSNames }

func read(dir string, now time.Time) (*credentials, error) {
	leaf, err := readCert(filepath.Join(dir, certFile))
	if err != nil {
		return nil, missing(err, dir)
	}
	key, err := readKey(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, missing(err, dir)
	}
	ca, err := readCert(filepath.Join(dir, caFile))
	if err != nil {
		return nil, missing(err, dir)
	}
	name, err := nodeName(leaf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !key.PublicKey.Equal(public) {
		return nil, fmt.Errorf("%s does not belong to %s: copy both from one `classrelay ca issue`", keyFile, certFile)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	if err := verify(leaf, pool, x509.ExtKeyUsageAny, now); err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	return &credentials{
		name: name,
		cert: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf},
		pool: pool,
	}, nil
}

func missing(err error, dir string) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w; to make it: classrelay ca issue --dir %s --name %s",
		err, filepath.Dir(dir), filepath.Base(dir))
}
