package access

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func typed(remote, name, password string) SignIn {
	return SignIn{Remote: netip.MustParseAddr(remote), TLS: true, Name: name, Password: password}
}

func TestWhoSignsIn(t *testing.T) {
	plain := typed("10.2.0.1", "li", secret)
	plain.TLS = false
	here := plain
	here.Remote = netip.MustParseAddr("::ffff:127.0.0.1")
	digestOnly := quick("cam", secret)
	digestOnly.Password = ""
	tests := []struct {
		name                 string
		cfg                  Config
		s                    SignIn
		allowed, plain, busy bool
	}{
		{"the right password", Config{}, typed("10.2.0.1", "li", secret), true, false, false},
		{"a wrong password", Config{}, typed("10.2.0.1", "li", "guess"), false, false, false},
		{"an empty password", Config{}, typed("10.2.0.1", "li", ""), false, false, false},
		{"a name that nobody has", Config{}, typed("10.2.0.1", "wang", secret), false, false, false},
		{"a user who has no password but a digest", Config{}, typed("10.2.0.1", "cam", secret), false, false, false},
		{"a password in clear", Config{}, plain, false, true, false},
		{"a password in clear where that is allowed", Config{Basic: true}, plain, true, false, false},
		{"a password in clear within this machine", Config{}, here, true, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := mustNew(t, tt.cfg, quick("li", secret), digestOnly).Enter(tt.s)
			if e.Allowed != tt.allowed || e.Plain != tt.plain || e.Busy != tt.busy {
				t.Errorf("%+v", e)
			}
			if !e.Allowed && (e.Reason == "" || strings.Contains(e.Reason, secret)) {
				t.Errorf("reason %q", e.Reason)
			}
		})
	}
}

func TestNobodySignsInWhereThereAreNoUsers(t *testing.T) {
	if e := mustNew(t, Config{}).Enter(typed("127.0.0.1", "", "")); e.Allowed {
		t.Errorf("%+v", e)
	}
}

// A guesser waits as one over RTSP does, and both count together.
func TestGuessesInThePageCountAsGuessesOverRTSP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := mustNew(t, Config{Basic: true}, quick("li", secret))
		for i, p := range []string{"a", "b", "c"} {
			if e := r.Enter(typed("10.2.0.1", "li", p)); e.Wait != 0 {
				t.Fatalf("guess %d waits %v", i, e.Wait)
			}
		}
		r.Check(from("10.2.0.1").basic("li", "d"))
		r.Enter(typed("10.2.0.1", "wang", "e"))
		e := r.Enter(typed("10.2.0.1", "li", secret))
		if e.Allowed || e.Wait <= 0 || e.Wait > forgetAfter {
			t.Fatalf("the sixth guess in a row: %+v", e)
		}
		if other := r.Enter(typed("10.2.0.2", "li", secret)); !other.Allowed {
			t.Errorf("another address pays for it: %+v", other)
		}
		if v := r.Check(from("10.2.0.1").basic("li", secret)); v.Allowed {
			t.Error("RTSP lets the guesser in")
		}
		time.Sleep(e.Wait)
		if late := r.Enter(typed("10.2.0.1", "li", secret)); !late.Allowed {
			t.Errorf("after the wait: %+v", late)
		}
	})
}

func TestTheSameWrongPasswordTwiceIsOneGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := mustNew(t, Config{}, quick("li", secret))
		for range 20 {
			if e := r.Enter(typed("10.2.0.1", "li", "typo")); e.Allowed || e.Wait != 0 {
				t.Fatalf("%+v", e)
			}
		}
	})
}

func TestAStampChangesWithThePassword(t *testing.T) {
	li := quick("li", secret)
	old, ok := mustNew(t, Config{}, li).StampOf("li")
	if !ok || old == (Stamp{}) {
		t.Fatal("no stamp of a user")
	}
	li.May = []Right{RightAdmin}
	if s, _ := mustNew(t, Config{}, li).StampOf("li"); !s.Same(old) {
		t.Error("the stamp changed with the rights")
	}
	if s, _ := mustNew(t, Config{}, quick("li", "another")).StampOf("li"); s.Same(old) {
		t.Error("the stamp stayed with another password")
	}
	if _, ok := mustNew(t, Config{}).StampOf("li"); ok {
		t.Error("a stamp of nobody")
	}
}

func TestAllowsWhatTheUserMay(t *testing.T) {
	r := mustNew(t, Config{}, quick("li", secret), quick("cam", secret, RightPush), quick("boss", secret, RightAdmin))
	for _, tt := range []struct {
		user        string
		watch, push bool
	}{{"li", true, false}, {"cam", false, true}, {"boss", true, true}, {"nobody", false, false}, {"", false, false}} {
		if r.Allows(tt.user, Watch) != tt.watch || r.Allows(tt.user, Push) != tt.push {
			t.Errorf("%q may watch %v, push %v", tt.user, r.Allows(tt.user, Watch), r.Allows(tt.user, Push))
		}
	}
}
