package relay

import (
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// writeDown notes certificates of schools in a hub's store, as joining does.
func writeDown(t *testing.T, s *store.Store, ids ...*identity.Identity) {
	t.Helper()
	for _, id := range ids {
		if err := s.AddCert(t.Context(), store.Cert{
			Serial: identity.SerialOf(id.Certificate()), Node: id.Name(), Role: "school", Issued: time.Now(), Expires: id.NotAfter(),
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// revoke shuts a school out, whose certificate is written down.
func revoke(t *testing.T, s *store.Store, school string) {
	t.Helper()
	if _, err := s.RevokeNode(t.Context(), school, "stolen", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// never checks that a node is not linked for some time.
func (e *enrolling) never(peer string, d time.Duration) {
	e.t.Helper()
	for range int(d / (100 * time.Millisecond)) {
		time.Sleep(100 * time.Millisecond)
		if e.linked(peer) {
			e.t.Fatalf("%s is linked", peer)
		}
	}
}
