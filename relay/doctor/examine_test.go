package doctor

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// sound is a machine with which nothing is wrong.
func sound() *Facts {
	return &Facts{
		Processors: 4, AES: new(true), Governor: "schedutil", Load: new(0.3),
		ReadBuffer: new(8388608), WriteBuffer: new(8388608), Synchronised: new(true),
		Files: new(uint64(65536)), Free: new(uint64(20 << 30)), CertificateEnds: now().Add(60 * 24 * time.Hour),
		Ports: []Port{{Key: "listen.rtsp", Network: "tcp", Address: ":8554"}},
		Parents: []Parent{{
			Address: "county.example.org:4433", Resolved: 20 * time.Millisecond,
			Ways: []Way{{Address: netip.MustParseAddrPort("192.0.2.1:4433"), Took: 90 * time.Millisecond, MTU: 1500}},
		}},
	}
}

func now() time.Time { return time.Unix(1_800_000_000, 0) }

func TestASoundMachineHasOnlyGoodFindings(t *testing.T) {
	for _, f := range Examine(now(), sound()) {
		if f.Level != Good || f.Fix != "" || f.What == "" {
			t.Errorf("%+v", f)
		}
	}
}

func TestWhatIsNotKnownIsNotJudged(t *testing.T) {
	if found := Examine(now(), &Facts{Processors: 2}); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestEachFaultIsNamedWithItsRemedy(t *testing.T) {
	v6 := netip.MustParseAddrPort("[2001:db8::1]:4433")
	for _, c := range []struct {
		name  string
		spoil func(f *Facts)
		level Level
		what  string
		fix   string
	}{
		{"small buffers", func(f *Facts) { f.ReadBuffer = new(212992) }, Warn, "rmem_max is 212992", "sysctl -w net.core.rmem_max"},
		{"a clock that nothing keeps", func(f *Facts) { f.Synchronised = new(false) }, Warn, "nothing keeps it right", "set-ntp"},
		{"a certificate that has ended", func(f *Facts) { f.CertificateEnds = now() }, Bad, "it ended on", "--renew"},
		{"a certificate that soon ends", func(f *Facts) { f.CertificateEnds = now().Add(50 * time.Hour) }, Warn, "in 2 days", "--renew"},
		{"no AES", func(f *Facts) { f.AES = new(false) }, Warn, "no instructions for AES", "cpu type host"},
		{"a slow clock", func(f *Facts) { f.Governor = "powersave" }, Warn, "powersave", "cpupower"},
		{"a busy machine", func(f *Facts) { f.Load = new(6.5) }, Warn, "load is 6.5 on 4", "top"},
		{"few files", func(f *Facts) { f.Files = new(uint64(256)) }, Warn, "at most 256", "LimitNOFILE"},
		{"a full disk", func(f *Facts) { f.Free = new(uint64(10 << 20)) }, Warn, "10 MB are left", "df -h"},
		{"a port that is taken", func(f *Facts) { f.Ports[0].Taken = "address already in use" }, Warn, "cannot be opened", "ss -lnp | grep :8554"},
		{"a name without address", func(f *Facts) { f.Parents[0].ResolveErr = "no such host" }, Bad, "no address: no such host", "resolvectl query county.example.org"},
		{"a slow name", func(f *Facts) { f.Parents[0].Resolved = 5 * time.Second }, Warn, "took 5s", "resolvectl status"},
		{"a firewall", func(f *Facts) { f.Parents[0].Ways[0].Err = "nothing answers over UDP" }, Bad, "nothing answers", "ufw allow 4433/udp"},
		{"broken IPv6", func(f *Facts) {
			f.Parents[0].Ways = append(f.Parents[0].Ways, Way{Address: v6, Err: "nothing answers over UDP"})
		}, Warn, "IPv6 address [2001:db8::1]:4433 does not work", "AAAA"},
		{"a narrow way", func(f *Facts) { f.Parents[0].Ways[0].MTU = 1320 }, Warn, "packets of 1320 bytes", "MTU"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := sound()
			c.spoil(f)
			found := slices.DeleteFunc(Examine(now(), f), func(f Finding) bool { return f.Level == Good })
			if len(found) != 1 {
				t.Fatalf("%d findings: %+v", len(found), found)
			}
			if got := found[0]; got.Level != c.level || !strings.Contains(got.What, c.what) || !strings.Contains(got.Fix, c.fix) {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestThisMachineIsLookedAt(t *testing.T) {
	f := Machine(t.TempDir())
	if f.Processors == 0 {
		t.Error("no processors")
	}
	taken := Listen("listen.rtsp", "tcp", "256.0.0.1:1")
	if taken.Taken == "" {
		t.Error("an address that cannot be is free")
	}
}
