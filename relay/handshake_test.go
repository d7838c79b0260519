package relay

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/classrelay/classrelay/internal/netem"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/identity"
)

// warnings are what a node has warned of, with the error that stands beside it.
func warnings(seen *observer.ObservedLogs) (all []string) {
	for _, e := range seen.FilterLevelExact(zapcore.WarnLevel).All() {
		all = append(all, fmt.Sprint(e.Message, " ", e.ContextMap()))
	}
	return all
}

// wantOne checks that exactly one warning came, with these words.
func wantOne(t *testing.T, who string, all []string, words ...string) {
	t.Helper()
	if len(all) != 1 {
		t.Errorf("%s warned %d times: %q", who, len(all), all)
		return
	}
	for _, w := range words {
		if !strings.Contains(all[0], w) {
			t.Errorf("%s does not say %q:\n%s", who, w, all[0])
		}
	}
}

func TestABranchOfAnotherCountyIsToldAndNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		atHub, hubSaid := observer.New(zapcore.InfoLevel)
		atBranch, branchSaid := observer.New(zapcore.InfoLevel)
		c.log = zap.New(atHub)
		hub := c.start("hub", "10.0.0.1")
		c.pki = t.TempDir() // another county
		if err := identity.InitCA(c.pki); err != nil {
			t.Fatal(err)
		}
		c.log = zap.New(atBranch)
		branch := c.start("branch", "10.0.0.2", "10.0.0.1")
		time.Sleep(20 * time.Second)
		wantOne(t, "the branch", warnings(branchSaid),
			"10.0.0.1:4433", "node hub: another CA signed it", hub.id.Issuer(), branch.id.Issuer(), "classrelay ca issue")
		wantOne(t, "the hub", warnings(hubSaid),
			"10.0.0.2:", "dials and refuses this one", hub.id.Issuer(), "its log says why")
		if hub.id.Issuer() == branch.id.Issuer() {
			t.Error("two counties have the same name")
		}
		for _, w := range append(warnings(branchSaid), warnings(hubSaid)...) {
			if strings.Contains(w, "CRYPTO_ERROR") {
				t.Errorf("a bare number: %s", w)
			}
		}
		c.close("branch", "hub")
	})
}

func TestABranchWhoseCertificateHasRunOutIsToldAndNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounty(t)
		c.link("10.0.0.1", "10.0.0.2", netem.Profile{Rate: 100e6, Delay: 10 * time.Millisecond})
		if err := identity.Issue(c.pki, "branch"); err != nil {
			t.Fatal(err)
		}
		old, err := identity.Load(filepath.Join(c.pki, "branch"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(old.NotAfter()) + time.Hour)
		atHub, hubSaid := observer.New(zapcore.InfoLevel)
		atBranch, branchSaid := observer.New(zapcore.InfoLevel)
		c.log = zap.New(atHub)
		c.start("hub", "10.0.0.1")
		c.log = zap.New(atBranch)
		c.runAs(old, "10.0.0.2", &config.Config{Parents: []config.Parent{{Address: "10.0.0.1:4433"}}})
		time.Sleep(20 * time.Second)
		wantOne(t, "the branch", warnings(branchSaid),
			"the node at 10.0.0.1:4433 refuses this one, branch", "good until "+old.NotAfter().UTC().Format(time.DateOnly), "its log says why")
		wantOne(t, "the hub", warnings(hubSaid), "node refused", "10.0.0.2:", "node branch: it expired on", "--renew")
		c.close("branch", "hub")
	})
}

func TestARefusalIsSaidOnceInTenMinutes(t *testing.T) {
	var r refusals
	now := time.Unix(1_700_000_000, 0)
	said := 0
	for range 1200 { // a node that tries every second for twenty minutes
		if r.first(now, "a stranger", 2) {
			said++
		}
		now = now.Add(time.Second)
	}
	if said != 2 {
		t.Errorf("said %d times in twenty minutes, want 2", said)
	}
	if r.first(now, "one that came once", 2) {
		t.Error("said at the first time, which may be chance")
	}
	for i := range 10 * mostSaid {
		r.first(now, fmt.Sprint("stranger ", i), 1)
	}
	if len(r.said) > mostSaid {
		t.Errorf("%d strangers are remembered", len(r.said))
	}
}
