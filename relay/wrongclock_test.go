package relay

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/relay/clock"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// A school whose clock is wrong starts anew and dials its hub, which has the county's CA.
// Ahead is the school's clock; that of a hub that is two hours fast is the same as two
// hours slow at all of its schools. Certificates are good for 90 days.
func TestAWrongClockKeepsNoSchoolOut(t *testing.T) {
	const (
		day  = 24 * time.Hour
		year = 365 * day
		// soon is for a school whose certificates tell it what time it is.
		soon = time.Second
		// renewed is for one that has to ask the CA for it: it is refused, or refuses, and
		// gets a new certificate.
		renewed = 5 * time.Second
	)
	for _, tt := range []struct {
		name   string
		ahead  time.Duration // of the school's clock
		age    time.Duration // of the certificates
		within time.Duration
	}{
		{"two hours slow, with a certificate made just now", -2 * time.Hour, 0, soon},
		{"two hours fast", 2 * time.Hour, 20 * day, soon},
		{"two hours slow", -2 * time.Hour, 20 * day, soon},
		{"two hours fast, and the certificates end in an hour", 2 * time.Hour, 90*day - time.Hour, renewed},
		{"two hours slow, and the certificate ended an hour ago", -2 * time.Hour, 90*day + time.Hour, renewed},
		{"twenty years slow: the battery is empty", -20 * year, 20 * day, soon},
		{"a year fast", year, 20 * day, renewed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEnrolling(t)
				e.school("s1")
				time.Sleep(tt.age)
				e.startHub()
				began := time.Now()
				id, err := identity.LoadBy(filepath.Join(e.pki, "s1"), func() time.Time { return time.Now().Add(tt.ahead) })
				if err != nil {
					t.Fatal(err)
				}
				school := e.dials(id, "10.0.0.2")
				for !e.linked("s1") {
					if time.Since(began) > time.Minute {
						t.Fatalf("no link; the school's certificate: %v", id.Check())
					}
					time.Sleep(time.Millisecond)
				}
				took := time.Since(began)
				time.Sleep(time.Minute)
				if !e.linked("s1") || school.Links() != 1 {
					t.Error("the link has gone again")
				}
				t.Logf("linked after %v; the school takes its clock for %v slow", took, id.ClockOff())
				if took > tt.within {
					t.Errorf("linked after %v, want %v", took, tt.within)
				}
				if tt.within == renewed && (id.ClockOff()+tt.ahead).Abs() > 2*time.Second {
					t.Errorf("it takes its clock for %v slow, and it is %v fast", id.ClockOff(), tt.ahead)
				}
				e.end("s1")
			})
		})
	}
}

// The clock of a parent says what the certificates do not: the alarm is raised once an
// hour, on the school's page and in its log.
func TestAWrongClockIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  time.Duration // of the parent's clock
		want string
	}{
		{"two hours slow", 2 * time.Hour, "this machine's clock is 2h0m0s slow"},
		{"two hours fast", -2 * time.Hour, "this machine's clock is 2h0m0s fast"},
		{"half a minute", 30 * time.Second, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCounty(t)
			if err := identity.Issue(c.pki, "school"); err != nil {
				t.Fatal(err)
			}
			id, err := identity.Load(filepath.Join(c.pki, "school"))
			if err != nil {
				t.Fatal(err)
			}
			core, said := observer.New(zapcore.WarnLevel)
			school, err := New(&config.Config{Node: "school"}, id, zap.New(core), Options{})
			if err != nil {
				t.Fatal(err)
			}
			parent := &link{peer: "hub", name: "hub", dialled: true}
			parent.status.Store(&LinkStatus{
				Clock: clock.Offset{Known: true, Offset: tt.off, Uncertainty: 5 * time.Millisecond},
			})
			school.table.addLink(parent)
			for at := range 7 {
				school.member.watchClock(time.Now().Add(time.Duration(at) * 20 * time.Minute))
			}
			want := 3 // in two hours
			if tt.want == "" {
				want = 0
			}
			if said.Len() != want || want > 0 && !strings.HasPrefix(said.All()[0].Message, tt.want) {
				t.Errorf("said %d times: %v", said.Len(), said.All())
			}
		})
	}
}
