package identity

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// renewal is a folder whose node has made a new key, and the certificate for it.
func renewal(t *testing.T) (dir string, cert *x509.Certificate, a *Authority) {
	t.Helper()
	pki := county(t, "school")
	dir, a = filepath.Join(pki, "school"), authority(t, pki)
	key, err := FreshKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	cert, err = a.Sign(Member{Node: "school"}, nil, &key.PublicKey, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return dir, cert, a
}

func TestInstallReplacesKeyAndCertificateAndKeepsTheResetKey(t *testing.T) {
	dir, cert, a := renewal(t)
	before := mustLoad(t, dir).ResetKey()
	if err := Install(dir, cert, a.Certificate()); err != nil {
		t.Fatal(err)
	}
	id := mustLoad(t, dir)
	if !id.Certificate().Equal(cert) {
		t.Error("the new certificate is not there")
	}
	if id.ResetKey() != before {
		t.Error("the reset key has changed: peers of a node that was killed would wait")
	}
	for _, name := range []string{keyFile, resetFile} {
		s, err := os.Stat(filepath.Join(dir, name))
		if err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if exists(filepath.Join(dir, nextKeyFile)) {
		t.Error("the pending key is still there")
	}
}

// Every state of the folder in which power can fail reads as one identity.
func TestPowerFailsDuringInstall(t *testing.T) {
	t.Run("before the certificate is in place", func(t *testing.T) {
		dir, cert, _ := renewal(t)
		if id := mustLoad(t, dir); id.Certificate().Equal(cert) {
			t.Error("it is the new one already")
		}
	})
	t.Run("after the certificate, before its key", func(t *testing.T) {
		dir, cert, _ := renewal(t)
		if err := writeCert(filepath.Join(dir, certFile), cert.Raw); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first one puts it right
			if id := mustLoad(t, dir); !id.Certificate().Equal(cert) {
				t.Error("the new one is not taken")
			}
		}
		if exists(filepath.Join(dir, nextKeyFile)) {
			t.Error("the pending key has not moved")
		}
	})
	t.Run("in a folder that cannot be written", func(t *testing.T) {
		dir, cert, _ := renewal(t)
		if err := writeCert(filepath.Join(dir, certFile), cert.Raw); err != nil {
			t.Fatal(err)
		}
		// A folder in the key's place makes the rename fail, for root as well.
		if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, keyFile, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
		if id := mustLoad(t, dir); !id.Certificate().Equal(cert) {
			t.Error("the new one is not taken")
		}
	})
}

func TestInstallRefuses(t *testing.T) {
	dir, cert, a := renewal(t)
	other := authority(t, county(t))
	wantError(t, Install(dir, cert, other.Certificate()), "another CA signed it")
	stranger, err := a.Sign(Member{Node: "school"}, nil, &newKey(t).PublicKey, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, Install(dir, stranger, a.Certificate()), "does not belong to")
	if id := mustLoad(t, dir); id.Certificate().Equal(cert) {
		t.Error("it was put in place all the same")
	}
}

func TestAKeyThatWaitsIsUsedAgain(t *testing.T) {
	dir := t.TempDir()
	first, err := PendingKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := PendingKey(dir)
	if err != nil || !again.Equal(first) {
		t.Errorf("another key, %v", err)
	}
	fresh, err := FreshKey(dir)
	if err != nil || fresh.Equal(first) {
		t.Errorf("the same key, %v", err)
	}
}

func TestRenewedTakesOnlyThisNode(t *testing.T) {
	dir, cert, a := renewal(t)
	id := mustLoad(t, dir)
	key, err := PendingKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Member{{Node: "other"}, {Node: "school", Role: Hub}, {Node: "school", County: "c2"}} {
		wrong, err := a.Sign(m, nil, &key.PublicKey, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, id.Renewed(wrong), "the certificate that came is for")
	}
	if err := id.Renewed(cert); err != nil || !id.Certificate().Equal(cert) {
		t.Errorf("the right one: %v", err)
	}
}
