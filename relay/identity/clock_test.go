package identity

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheCountysTime(t *testing.T) {
	own := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	const minute = time.Minute
	t.Run("is this machine's while nothing says otherwise", func(t *testing.T) {
		var c clock
		c.prove(own.Add(-day), own)
		if got := c.now(own); !got.Equal(own) || c.off(own) != 0 {
			t.Errorf("%s, off by %s", got, c.off(own))
		}
	})
	t.Run("is at least when the CA has signed what is here, and goes on from there", func(t *testing.T) {
		var c clock
		c.prove(own.Add(2*time.Hour), own)
		c.prove(own.Add(time.Hour), own) // an older one
		if got := c.now(own.Add(5 * minute)); !got.Equal(own.Add(125 * minute)) {
			t.Errorf("five minutes later it is %s", got)
		}
		if off := c.off(own.Add(5 * minute)); off != 2*time.Hour {
			t.Errorf("off by %s", off)
		}
		if late := own.Add(24 * time.Hour); !c.now(late).Equal(late.Add(2 * time.Hour)) {
			t.Errorf("a day later it is %s", c.now(late))
		}
	})
	t.Run("is what the CA has just said, ahead or behind", func(t *testing.T) {
		for _, off := range []time.Duration{2 * time.Hour, -2 * time.Hour, -20 * 365 * day} {
			var c clock
			c.prove(own.Add(time.Hour), own)
			c.tell(own.Add(off), own)
			c.prove(own.Add(off).Add(time.Hour), own) // a hub's certificate, from a CA whose clock runs ahead
			if got := c.off(own.Add(minute)); got != off {
				t.Errorf("off by %s, want %s", got, off)
			}
		}
	})
	t.Run("is this machine's again when the CA agrees", func(t *testing.T) {
		var c clock
		c.tell(own.Add(2*time.Hour), own)
		c.tell(own.Add(20*time.Second), own)
		if !c.now(own).Equal(own) {
			t.Errorf("%s", c.now(own))
		}
	})
}

// A certificate of the CA from the future says that the clock is slow.
func TestACertificateFromTheFutureIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := county(t, "school")
		for _, ahead := range []time.Duration{2 * time.Hour, 5 * 365 * day} {
			if err := renew(dir, "school", nil, time.Now().Add(ahead)); err != nil {
				t.Fatal(err)
			}
			id := mustLoad(t, filepath.Join(dir, "school"))
			if err := id.Check(); err != nil {
				t.Errorf("%s ahead: %v", ahead, err)
			}
			if off := id.ClockOff(); off < ahead-time.Second || off > ahead {
				t.Errorf("the clock is %s slow, and seems %s", ahead, off)
			}
		}
	})
}

func TestAHubThatWasRenewedJustNowIsTakenByASchoolWhoseClockIsSlow(t *testing.T) {
	dir := county(t, "hub", "school")
	school := mustLoad(t, filepath.Join(dir, "school"))
	if err := renew(dir, "hub", nil, time.Now().Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	hub := mustLoad(t, filepath.Join(dir, "hub"))
	_, _, serverErr, clientErr := shake(t, hub.ServerTLS(), school.ClientTLS("10.0.0.1", ""))
	if serverErr != nil || clientErr != nil {
		t.Fatalf("server: %v; client: %v", serverErr, clientErr)
	}
	if off := school.ClockOff(); off < 3*time.Hour-2*time.Second {
		t.Errorf("the school takes its clock for %s slow, want 3 h", off)
	}
}

func TestAnExpiredCertificateLoadsAndSaysSo(t *testing.T) {
	dir := county(t, "hub")
	if err := renew(dir, "hub", nil, time.Now().Add(-100*day)); err != nil {
		t.Fatal(err)
	}
	wantError(t, mustLoad(t, filepath.Join(dir, "hub")).Check(), "cert.pem", "it expired on", "--name hub --renew")
}
