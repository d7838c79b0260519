package identity

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"
)

// pki is a county with a hub, two schools and an expired one.
func pki(t *testing.T) string {
	t.Helper()
	dir := county(t)
	for _, m := range []Member{
		{Node: "hub", County: "c1", Role: Hub},
		{Node: "s1", County: "c1", Role: School, School: "s1"},
		{Node: "s1-2", County: "c1", Role: School, School: "s1"},
		{Node: "s2", County: "c1", Role: School, School: "s2"},
	} {
		if err := IssueMember(dir, m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestARevokedCertificateIsRefused(t *testing.T) {
	dir := pki(t)
	hub, school := mustLoad(t, filepath.Join(dir, "hub")), mustLoad(t, filepath.Join(dir, "s1"))
	s, _, serverErr, _ := shake(t, hub.ServerTLS(), school.ClientTLS("10.0.0.1", ""))
	if serverErr != nil || hub.Denied(s.ConnectionState()) {
		t.Fatalf("before: %v, denied %v", serverErr, hub.Denied(s.ConnectionState()))
	}
	hub.Deny([]string{"0", SerialOf(school.Certificate())})
	if !hub.Denied(s.ConnectionState()) {
		t.Error("the connection that is there is not denied")
	}
	for name, server := range map[string]func() error{
		"a link": func() error {
			_, _, err, _ := shake(t, hub.ServerTLS(), school.ClientTLS("10.0.0.1", ""))
			return err
		},
		"a renewal": func() error {
			_, _, err, _ := shake(t, hub.RenewServerTLS(), school.RenewTLS("10.0.0.1", ""))
			return err
		},
	} {
		err := server()
		t.Log(name)
		wantError(t, err, "node s1: the certificate was revoked", "token add")
	}
	other := mustLoad(t, filepath.Join(dir, "s2"))
	if _, _, err, _ := shake(t, hub.ServerTLS(), other.ClientTLS("10.0.0.1", "")); err != nil {
		t.Errorf("another school: %v", err)
	}
}

func TestAnExpiredCertificateMayOnlyRenewAndOnlyForAMonth(t *testing.T) {
	dir := pki(t)
	hub := mustLoad(t, filepath.Join(dir, "hub"))
	for _, tt := range []struct {
		name        string
		ago         time.Duration
		link, renew bool
	}{
		{"good", 80 * day, true, true},
		{"expired yesterday", nodeLife + day, false, true},
		{"expired 29 days ago", nodeLife + 29*day, false, true},
		{"expired 31 days ago", nodeLife + 31*day, false, false},
	} {
		if err := renew(dir, "s1", nil, time.Now().Add(-tt.ago)); err != nil {
			t.Fatal(err)
		}
		school := mustLoad(t, filepath.Join(dir, "s1"))
		_, _, linkErr, _ := shake(t, hub.ServerTLS(), school.ClientTLS("10.0.0.1", ""))
		_, _, renewErr, _ := shake(t, hub.RenewServerTLS(), school.RenewTLS("10.0.0.1", ""))
		if (linkErr == nil) != tt.link || (renewErr == nil) != tt.renew {
			t.Errorf("%s: link: %v; renewal: %v", tt.name, linkErr, renewErr)
		}
	}
}

func TestASchoolsMachineIsNoParentOfAnotherSchool(t *testing.T) {
	dir := pki(t)
	load := func(name string) *Identity { return mustLoad(t, filepath.Join(dir, name)) }
	for _, tt := range []struct {
		dials, answers string
		words          []string
	}{
		{"s1", "hub", nil},
		{"s1", "s1-2", nil}, // one box of a school behind the other
		{"s1", "s2", []string{"node s2", "a machine of the school s2 and no hub"}},
		{"hub", "s1", []string{"no hub"}},
	} {
		_, _, _, err := shake(t, load(tt.answers).ServerTLS(), load(tt.dials).ClientTLS("10.0.0.1", ""))
		if tt.words == nil {
			if err != nil {
				t.Errorf("%s dials %s: %v", tt.dials, tt.answers, err)
			}
			continue
		}
		wantError(t, err, tt.words...)
	}
}

func TestAJoinerTakesOnlyAHubOfThePinnedCA(t *testing.T) {
	dir, foreign := pki(t), pki(t)
	pin := PinOf(authority(t, dir).Certificate())
	dial := func(dir, name string) error {
		_, _, _, err := shake(t, mustLoad(t, filepath.Join(dir, name)).JoinServerTLS(), JoinTLS("10.0.0.1", pin))
		return err
	}
	if err := dial(dir, "hub"); err != nil {
		t.Errorf("the hub: %v", err)
	}
	wantError(t, dial(foreign, "hub"), "not of the county this code is for")
	wantError(t, dial(dir, "s1"), "node s1", "no hub")
	if err := renew(dir, "hub", nil, time.Now().Add(-10*365*day)); err == nil {
		t.Error("the CA has signed before it was made")
	}
	// The clock of who joins may be anything.
	if err := renew(dir, "hub", nil, time.Now().Add(5*365*day)); err != nil {
		t.Fatal(err)
	}
	if err := dial(dir, "hub"); err != nil {
		t.Errorf("a machine that was off for five years: %v", err)
	}
	// A stranger's CA beside the county's leaf, and the county's CA beside a stranger's.
	mixed := mustLoad(t, filepath.Join(foreign, "hub"))
	c := *mixed.current.Load()
	c.ca = authority(t, dir).Certificate()
	mixed.current.Store(&c)
	_, _, _, err := shake(t, mixed.JoinServerTLS(), JoinTLS("10.0.0.1", pin))
	wantError(t, err, "another CA signed it")
}

// A school signs itself a certificate that says it is a hub, with the only key it has.
func TestASchoolCannotMakeItselfAHub(t *testing.T) {
	dir := pki(t)
	hub, school := mustLoad(t, filepath.Join(dir, "hub")), mustLoad(t, filepath.Join(dir, "s1"))
	c := *school.current.Load()
	private, ok := c.cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("a %T", c.cert.PrivateKey)
	}
	key := newKey(t)
	template := nodeTemplate(Member{Node: "hub", County: "c1", Role: Hub}, nil, time.Now(), time.Now().Add(day))
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert.Leaf, &key.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.cert.Certificate, c.cert.Leaf, c.cert.PrivateKey = [][]byte{der, c.cert.Certificate[0], c.ca.Raw}, leaf, key
	school.current.Store(&c)
	_, _, serverErr, _ := shake(t, hub.ServerTLS(), school.ClientTLS("10.0.0.1", ""))
	wantError(t, serverErr, "node hub", "another CA signed it")
	other := mustLoad(t, filepath.Join(dir, "s2"))
	_, _, _, clientErr := shake(t, school.ServerTLS(), other.ClientTLS("10.0.0.1", ""))
	wantError(t, clientErr, "node hub", "another CA signed it")
	_, _, _, joinErr := shake(t, school.JoinServerTLS(), JoinTLS("10.0.0.1", PinOf(c.ca)))
	wantError(t, joinErr, "another CA signed it")
}
