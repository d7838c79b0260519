package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/classrelay/classrelay/media"
)

// The file names in the CA's folder and in a node's.
const (
	caFile    = "ca.pem"
	caKeyFile = "ca-key.pem"
	certFile  = "cert.pem"
	keyFile   = "key.pem"
)

const (
	day = 24 * time.Hour
	// caLife is ten years: changing a county's CA means visiting every school.
	caLife = 3650 * day
	// nodeLife is 90 days: a lost school computer stops being a member by itself.
	nodeLife = 90 * day
	// backdate lets a node whose clock is slow accept a certificate made just now.
	backdate = time.Hour
)

// InitCA makes a new county CA in dir: ca.pem and ca-key.pem. It refuses to
// replace one, because every certificate issued by the old one would be void.
func InitCA(dir string) error { return initCA(dir, time.Now()) }

func initCA(dir string, now time.Time) error {
	for _, name := range []string{caFile, caKeyFile} {
		if exists(filepath.Join(dir, name)) {
			return fmt.Errorf("init CA: %s is there already and will not be replaced: "+
				"every node would need a new certificate; use another folder", filepath.Join(dir, name))
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("init CA: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "classrelay county CA " + now.UTC().Format(time.DateOnly)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it signs nodes, not other CAs
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("init CA: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("init CA: %w", err)
	}
	if err := writeKey(filepath.Join(dir, caKeyFile), key); err != nil {
		return fmt.Errorf("init CA: %w", err)
	}
	if err := writeCert(filepath.Join(dir, caFile), der); err != nil {
		return fmt.Errorf("init CA: %w", err)
	}
	return nil
}

// Issue makes a key and a certificate for a node, signed by the CA in dir, and
// puts them into dir/name. Hosts are the names and addresses it can be dialled
// at; with none, its certificate is good at any address. It refuses to replace
// an identity: Renew does that.
func Issue(dir, name string, hosts ...string) error {
	return IssueMember(dir, Member{Node: name}, hosts...)
}

// IssueMember is Issue for a node whose certificate says its county and role, as those
// do that are given to nodes that join with a code.
func IssueMember(dir string, m Member, hosts ...string) error {
	return issue(dir, m, hosts, time.Now())
}

func issue(dir string, m Member, hosts []string, now time.Time) error {
	if err := m.Check(); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	name := m.Node
	out := filepath.Join(dir, name)
	for _, file := range []string{certFile, keyFile, caFile} {
		if exists(filepath.Join(out, file)) {
			return fmt.Errorf("issue %s: %s is there already and will not be replaced; "+
				"to prolong it: classrelay ca issue --dir %s --name %s --renew",
				name, filepath.Join(out, file), dir, name)
		}
	}
	ca, err := OpenAuthority(dir)
	if err != nil {
		return fmt.Errorf("issue %s: %w", name, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("issue %s: %w", name, err)
	}
	cert, err := ca.Sign(m, hosts, &key.PublicKey, now)
	if err != nil {
		return fmt.Errorf("issue %s: %w", name, err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("issue %s: %w", name, err)
	}
	return errors.Join(
		writeKey(filepath.Join(out, keyFile), key),
		writeCert(filepath.Join(out, certFile), cert.Raw),
		writeCert(filepath.Join(out, caFile), ca.cert.Raw),
	)
}

// Renew replaces the certificate in dir/name by one that is good for another 90
// days, with the key, the county and the role it has. Without hosts, those of the old
// certificate stay.
func Renew(dir, name string, hosts ...string) error { return renew(dir, name, hosts, time.Now()) }

func renew(dir, name string, hosts []string, now time.Time) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	ca, err := OpenAuthority(dir)
	if err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	path := filepath.Join(dir, name, certFile)
	old, err := readCert(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("renew %s: %s is not there; "+
			"for a first certificate leave --renew out", name, path)
	}
	if err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	if len(hosts) == 0 {
		hosts = HostsOf(old)
	}
	m, err := MemberOf(old)
	if err != nil {
		return fmt.Errorf("renew %s: %s: %w", name, path, err)
	}
	key, ok := old.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("renew %s: %s: it holds a %T, an ECDSA key is needed", name, path, old.PublicKey)
	}
	cert, err := ca.Sign(m, hosts, key, now)
	if err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	if err := writeCert(path, cert.Raw); err != nil {
		return fmt.Errorf("renew %s: %w", name, err)
	}
	return nil
}

// Issued is the certificate that Issue or Renew has put into dir/name last.
func Issued(dir, name string) (*x509.Certificate, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return readCert(filepath.Join(dir, name, certFile))
}

// CheckName checks a node's name: the rules of a feed name, in one part.
func CheckName(name string) error {
	if _, err := media.ParseFeedID(name); err != nil || filepath.Base(name) != name {
		return fmt.Errorf("bad node name %q: up to 64 letters, digits, '.', '_' and '-'", name)
	}
	return nil
}
