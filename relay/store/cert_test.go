package store

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestRevokingANodeRevokesWhatIsStillOfUse(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		day := 24 * time.Hour
		for _, c := range []Cert{
			{Serial: "01", Node: "s012", Role: "school", Issued: noon().Add(-200 * day), Expires: noon().Add(-110 * day)},
			{Serial: "02", Node: "s012", Role: "school", Issued: noon().Add(-100 * day), Expires: noon().Add(-10 * day)},
			{Serial: "03", Node: "s012", Role: "school", Issued: noon(), Expires: noon().Add(90 * day)},
			{Serial: "04", Node: "s013", Role: "school", Issued: noon(), Expires: noon().Add(90 * day)},
		} {
			must(t, s.AddCert(t.Context(), c))
		}
		got, err := s.RevokeNode(t.Context(), "s012", "stolen", noon())
		must(t, err)
		if !slices.Equal(got, []string{"02", "03"}) { // 02 could still be renewed
			t.Errorf("revoked %v", got)
		}
		got, err = s.RevokeNode(t.Context(), "s012", "again", noon())
		if len(got) != 0 || err != nil {
			t.Errorf("the second time revoked %v, %v", got, err)
		}
		if _, err := s.RevokeNode(t.Context(), "s999", "", noon()); !errors.Is(err, ErrNoCert) {
			t.Errorf("a node that is not there: %v", err)
		}
		list, err := s.Certs(t.Context())
		must(t, err)
		if len(list) != 4 || list[0].Serial != "03" || !list[0].Revoked.Equal(noon()) || list[0].Reason != "stolen" ||
			!list[3].Revoked.IsZero() {
			t.Errorf("the list is %+v", list)
		}
	})
}

// takeIn revokes what another machine has revoked.
func takeIn(t *testing.T, s *Store, list ...Revocation) {
	t.Helper()
	must(t, s.update(t.Context(), "take in", func(t tx) error { return revokeAll(t, list) }))
}

// revoked is all that is known of what is revoked.
func revoked(t *testing.T, s *Store) (list []Revocation) {
	t.Helper()
	must(t, s.view(t.Context(), "list", func(t tx) (err error) {
		list, err = revocations(t)
		return err
	}))
	return list
}

func TestRevocationsOfOthersAreTakenIn(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		first := Revocation{"0a", "s012", "stolen", noon()}
		takeIn(t, s, first)
		second := Revocation{"0b", "s013", "", noon().Add(time.Hour)}
		takeIn(t, s, Revocation{"0a", "forged", "", noon()}, second)
		if list := revoked(t, s); !reflect.DeepEqual(list, []Revocation{first, second}) {
			t.Errorf("got %+v", list)
		}
		serials, err := s.Revoked(t.Context())
		must(t, err)
		if !slices.Equal(serials, []string{"0a", "0b"}) {
			t.Errorf("got %v", serials)
		}
	})
}
