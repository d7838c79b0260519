package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func authority(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestACertificateSaysWhoANodeIs(t *testing.T) {
	a := authority(t, county(t))
	for _, m := range []Member{
		{Node: "hub"},
		{Node: "s012-2", County: "c1", Role: School, School: "s012"},
		{Node: "hub-a", County: "c1", Role: Hub},
		{Node: "city", County: "city-3", Role: City},
	} {
		cert, err := a.Sign(m, []string{"10.0.0.1", "hub.example"}, &newKey(t).PublicKey, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		got, err := MemberOf(cert)
		if err != nil || got != m {
			t.Errorf("%+v comes back as %+v, %v", m, got, err)
		}
		if cert.Subject.CommonName != m.Node || cert.IsCA || len(cert.ExtKeyUsage) != 2 {
			t.Errorf("%s: CN %q, CA %v, uses %v", m.Node, cert.Subject.CommonName, cert.IsCA, cert.ExtKeyUsage)
		}
	}
	if l := (Member{Node: "old"}).Level(); l != Hub {
		t.Errorf("a certificate without a role is that of a %s, want hub", l)
	}
}

func TestACertificateThatContradictsItselfIsNobodys(t *testing.T) {
	uri := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for name, uris := range map[string][]*url.URL{
		"two nodes":           {uri("classrelay://node/a"), uri("classrelay://node/b")},
		"two roles":           {uri("classrelay://node/a"), uri("classrelay://role/school"), uri("classrelay://role/hub")},
		"a role of its own":   {uri("classrelay://node/a"), uri("classrelay://role/king")},
		"a county with a way": {uri("classrelay://node/a"), uri("classrelay://county/a/b")},
		"a hub with a school": {uri("classrelay://node/a"), uri("classrelay://role/hub"), uri("classrelay://school/s1")},
		"no node":             {uri("classrelay://role/hub")},
	} {
		if m, err := MemberOf(&x509.Certificate{URIs: uris}); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestWhatARequestAsksForIsIgnored(t *testing.T) {
	dir := county(t)
	key := newKey(t)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:     pkix.Name{CommonName: "hub"},
		DNSNames:    []string{"hub.example"},
		IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)},
		URIs:        Member{Node: "hub", County: "c1", Role: Hub}.uris(),
		ExtraExtensions: []pkix.Extension{{
			Id: []int{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 0x03, 0x01, 0x01, 0xff}, // basicConstraints: a CA
		}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ReadRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	m := Member{Node: "s012", County: "c1", Role: School, School: "s012"}
	cert, err := authority(t, dir).Sign(m, nil, public, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := MemberOf(cert); err != nil || got != m || cert.IsCA || len(HostsOf(cert)) != 0 ||
		cert.Subject.CommonName != "s012" {
		t.Errorf("the certificate says %+v of %q at %v, CA %v, %v", got, cert.Subject.CommonName, HostsOf(cert), cert.IsCA, err)
	}
}

func TestRequestsThatAreNotTaken(t *testing.T) {
	good, err := Request(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte(nil), good...)
	bad[len(bad)-1] ^= 1 // in the signature
	_, err = ReadRequest(bad)
	wantError(t, err, "does not have the key")
	_, err = ReadRequest(make([]byte, maxRequest+1))
	wantError(t, err, "at most")
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, weak)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadRequest(der)
	wantError(t, err, "P-256")
}

func FuzzReadRequest(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	good, err := Request(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0x30})
	f.Fuzz(func(t *testing.T, der []byte) {
		if public, err := ReadRequest(der); err == nil && public.Curve != elliptic.P256() {
			t.Error("a key that is not on P-256 was taken")
		}
	})
}

func TestRenewByHandKeepsCountyAndRole(t *testing.T) {
	dir := county(t)
	m := Member{Node: "hub-a", County: "c1", Role: Hub}
	if err := IssueMember(dir, m, "10.0.0.1"); err != nil {
		t.Fatal(err)
	}
	if err := Renew(dir, "hub-a"); err != nil {
		t.Fatal(err)
	}
	if got := mustLoad(t, filepath.Join(dir, "hub-a")).Member(); got != m {
		t.Errorf("after the renewal it is %+v", got)
	}
}

func TestACAWhoseClockCannotBeRightSignsNothing(t *testing.T) {
	a := authority(t, county(t))
	_, err := a.Sign(Member{Node: "x"}, nil, &newKey(t).PublicKey, time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC))
	wantError(t, err, "1970", "set the clock")
}
