package identity

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// shake runs a TLS handshake over a pipe and returns what each side got.
func shake(t *testing.T, server, client *tls.Config) (s, c *tls.Conn, serverErr, clientErr error) {
	t.Helper()
	a, b := net.Pipe()
	t.Cleanup(func() { _ = a.Close(); _ = b.Close() })
	s, c = tls.Server(a, server), tls.Client(b, client)
	done := make(chan error, 1)
	// Ends with the handshake, and shake waits for it.
	go func() {
		err := s.HandshakeContext(t.Context())
		if err == nil {
			_, err = s.Write([]byte("k"))
		} else {
			_ = a.Close() // a pipe has no end of its own
		}
		done <- err
	}()
	clientErr = c.HandshakeContext(t.Context())
	if clientErr == nil {
		// In TLS 1.3 the client learns from its first read whether it was refused.
		_, clientErr = c.Read(make([]byte, 1))
	} else {
		_ = b.Close()
	}
	return s, c, <-done, clientErr
}

func TestHandshake(t *testing.T) {
	dir := county(t, "hub", "school")
	hub, school := mustLoad(t, filepath.Join(dir, "hub")), mustLoad(t, filepath.Join(dir, "school"))
	s, c, serverErr, clientErr := shake(t, hub.ServerTLS(), school.ClientTLS("10.77.0.1", ""))
	if serverErr != nil || clientErr != nil {
		t.Fatalf("server: %v; client: %v", serverErr, clientErr)
	}
	if v := c.ConnectionState().Version; v != tls.VersionTLS13 {
		t.Errorf("TLS version %x, want 1.3", v)
	}
	if name, err := PeerName(s.ConnectionState()); err != nil || name != "school" {
		t.Errorf("the hub sees %q, %v; want school", name, err)
	}
	if name, err := PeerName(c.ConnectionState()); err != nil || name != "hub" {
		t.Errorf("the school sees %q, %v; want hub", name, err)
	}
}

func TestHandshakeChecksTheNodeDialled(t *testing.T) {
	dir := county(t, "school", "other")
	if err := Issue(dir, "hub", "hub.example", "10.77.0.1"); err != nil {
		t.Fatal(err)
	}
	school := mustLoad(t, filepath.Join(dir, "school"))
	tests := []struct {
		name, answers, host, node string
		words                     []string
	}{
		{"a named host", "hub", "hub.example", "", nil},
		{"a named address", "hub", "10.77.0.1", "", nil},
		{"another address", "hub", "10.77.0.9", "", []string{"hub.example, 10.77.0.1", "not for 10.77.0.9"}},
		{"the wanted node, wherever it is", "hub", "10.77.0.9", "hub", nil},
		{"another node at the named address", "other", "10.77.0.1", "hub", []string{"answers node other, not hub"}},
		{"any node where its certificate names no host", "other", "10.77.0.1", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers := mustLoad(t, filepath.Join(dir, tt.answers))
			_, _, _, err := shake(t, answers.ServerTLS(), school.ClientTLS(tt.host, tt.node))
			if tt.words == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantError(t, err, tt.words...)
		})
	}
}

func TestHandshakeRefuses(t *testing.T) {
	dir, foreign := county(t, "hub", "school"), county(t, "school", "hub")
	hub, school := mustLoad(t, filepath.Join(dir, "hub")), mustLoad(t, filepath.Join(dir, "school"))
	stranger := mustLoad(t, filepath.Join(foreign, "school"))

	t.Run("a node of another county dials", func(t *testing.T) {
		client := stranger.ClientTLS("10.77.0.1", "")
		client.VerifyConnection = nil // it does not care whom it meets; we do
		_, _, serverErr, clientErr := shake(t, hub.ServerTLS(), client)
		wantError(t, serverErr, "node school", "another CA signed it")
		wantError(t, clientErr, "bad certificate")
	})
	t.Run("a node of another county is dialled", func(t *testing.T) {
		server := mustLoad(t, filepath.Join(foreign, "hub")).ServerTLS()
		_, _, _, clientErr := shake(t, server, school.ClientTLS("10.77.0.1", ""))
		wantError(t, clientErr, "node hub", "another CA signed it")
	})
	t.Run("a client shows no certificate", func(t *testing.T) {
		client := school.ClientTLS("10.77.0.1", "")
		client.GetClientCertificate = nil
		_, _, serverErr, clientErr := shake(t, hub.ServerTLS(), client)
		wantError(t, serverErr, "certificate")
		wantError(t, clientErr, "certificate")
	})
	t.Run("a certificate that expired while the node ran", func(t *testing.T) {
		late := mustLoad(t, filepath.Join(dir, "school"))
		if err := renew(dir, "school", nil, time.Now().Add(-2*nodeLife)); err != nil {
			t.Fatal(err)
		}
		leaf, err := readCert(filepath.Join(dir, "school", certFile))
		if err != nil {
			t.Fatal(err)
		}
		c := *late.current.Load()
		c.cert.Leaf, c.cert.Certificate = leaf, [][]byte{leaf.Raw}
		late.current.Store(&c)
		_, _, serverErr, _ := shake(t, hub.ServerTLS(), late.ClientTLS("10.77.0.1", ""))
		wantError(t, serverErr, "node school", "expired on", "--renew")
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		client := school.ClientTLS("10.77.0.1", "")
		client.MinVersion, client.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		_, _, serverErr, clientErr := shake(t, hub.ServerTLS(), client)
		wantError(t, serverErr, "versions")
		wantError(t, clientErr, "protocol version")
	})
}

func TestReloadActsOnNewConnections(t *testing.T) {
	dir := county(t, "hub", "school")
	hub, school := mustLoad(t, filepath.Join(dir, "hub")), mustLoad(t, filepath.Join(dir, "school"))
	server := hub.ServerTLS() // made once, as a listener keeps it
	before := hub.NotAfter()
	if err := renew(dir, "hub", nil, time.Now().Add(30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := hub.Reload(); err != nil {
		t.Fatal(err)
	}
	_, c, serverErr, clientErr := shake(t, server, school.ClientTLS("10.77.0.1", ""))
	if serverErr != nil || clientErr != nil {
		t.Fatalf("server: %v; client: %v", serverErr, clientErr)
	}
	if got := c.ConnectionState().PeerCertificates[0].NotAfter; !got.After(before) {
		t.Errorf("after the reload the hub still shows a certificate until %s", got)
	}
}
