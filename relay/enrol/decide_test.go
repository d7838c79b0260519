package enrol

import (
	"errors"
	"testing"
	"time"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

func TestWhoSomebodyWillBe(t *testing.T) {
	school, hub, other := NewToken(), NewToken(), NewToken()
	book := []store.Token{
		{Hash: school.Hash(), School: "s012", Role: "school"},
		{Hash: hub.Hash(), School: "hub-b", Role: "hub"},
		{Hash: other.Hash(), School: "s012-9", Role: "school"},
	}
	tests := []struct {
		name  string
		token Token
		asks  string
		want  identity.Member
		why   Reason // empty: it is let in
	}{
		{"the school's machine", school, "", identity.Member{Node: "s012", County: "c1", Role: "school", School: "s012"}, ""},
		{"by its name", school, "s012", identity.Member{Node: "s012", County: "c1", Role: "school", School: "s012"}, ""},
		{"its second machine", school, "s012-2", identity.Member{Node: "s012-2", County: "c1", Role: "school", School: "s012"}, ""},
		{"a hub", hub, "", identity.Member{Node: "hub-b", County: "c1", Role: "hub"}, ""},
		{"another school", school, "s013", identity.Member{}, ReasonName},
		{"a school whose name begins alike", school, "s0123", identity.Member{}, ReasonName},
		{"another school whose name begins alike", school, "s012-9", identity.Member{}, ReasonName},
		{"a hub's name for a school", school, "hub-b", identity.Member{}, ReasonName},
		{"a hub of another name", hub, "hub-b-2", identity.Member{}, ReasonName},
		{"a way out of the folder", school, "s012-/../../x", identity.Member{}, ReasonName},
		{"a code that nobody made", NewToken(), "", identity.Member{}, ReasonUnknown},
	}
	for _, tt := range tests {
		got, err := DecideJoin("c1", book, tt.token.Hash(), tt.asks)
		if tt.why != "" {
			if err == nil || refusal(err).Reason != tt.why {
				t.Errorf("%s: %+v, %v; want a refusal for %s", tt.name, got, err, tt.why)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
}

func TestATokenSaysNothingOfItself(t *testing.T) {
	a, b := NewToken(), NewToken()
	if a == b || a.Hash() == b.Hash() {
		t.Error("two tokens are the same")
	}
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	e, err := a.Entry("s012", identity.School, now, TokenLife)
	if err != nil || e.Hash != a.Hash() || !e.Expires.Equal(now.Add(24*time.Hour)) {
		t.Errorf("%+v, %v", e, err)
	}
	for _, life := range []time.Duration{0, -time.Hour, 31 * 24 * time.Hour} {
		if _, err := a.Entry("s012", identity.School, now, life); err == nil {
			t.Errorf("good for %s", life)
		}
	}
	if _, err := a.Entry("../s012", identity.School, now, TokenLife); err == nil {
		t.Error("a school that is no name")
	}
	if _, err := a.Entry("s012", "king", now, TokenLife); err == nil {
		t.Error("a role that is none")
	}
}

func TestEveryErrorHasWordsForWhoAsked(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want Reason
	}{
		{store.ErrNoToken, ReasonUnknown},
		{store.ErrTokenExpired, ReasonExpired},
		{store.ErrTokenUsed, ReasonUsed},
		{store.ErrFull, ReasonFailed},
		{errors.New("/var/lib/secret is broken"), ReasonFailed},
	} {
		r := refusal(tt.err)
		if r.Reason != tt.want || r.Why == "" || r.Why == tt.err.Error() {
			t.Errorf("%v: %+v", tt.err, r)
		}
	}
}
