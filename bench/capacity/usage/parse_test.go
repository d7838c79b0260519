package usage

import "testing"

func TestStatIsReadBehindTheName(t *testing.T) {
	got, err := parseStat("42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 100 1 1")
	if err != nil || got != (Time{User: 2.5, System: 0.5}) {
		t.Errorf("%+v, %v; want 2.5 s and 0.5 s", got, err)
	}
	for _, bad := range []string{"", "42 (x", "42 (x) S 1 2 3", "42 (x) S 1 1 1 0 -1 1 1 0 0 0 a b 0 0"} {
		if got, err := parseStat(bad); err == nil {
			t.Errorf("%q gives %+v, want an error", bad, got)
		}
	}
}

func TestMemoryIsReadInBytes(t *testing.T) {
	got, err := parseRSS("Name:\tx\nVmPeak:\t  9 kB\nVmRSS:\t    2048 kB\n")
	if err != nil || got != 2<<20 {
		t.Errorf("%d, %v; want 2 MB", got, err)
	}
	for _, bad := range []string{"", "VmRSS:", "VmRSS: a kB"} {
		if got, err := parseRSS(bad); err == nil {
			t.Errorf("%q gives %d, want an error", bad, got)
		}
	}
}

func TestTheMachineIsBusyOrIdle(t *testing.T) {
	m, err := parseMachine("cpu  100 0 50 700 100 10 30 10 0 0\ncpu0 1 1 1\n")
	if err != nil {
		t.Fatal(err)
	}
	if m != (Machine{Busy: 2, IRQ: 0.4, Idle: 8}) {
		t.Errorf("%+v", m)
	}
	if share := m.IdleShare(); share != 0.8 {
		t.Errorf("idle share %v, want 0.8", share)
	}
	if share := (Machine{}).IdleShare(); share != 0 {
		t.Errorf("idle share of nothing %v, want 0", share)
	}
	if _, err := parseMachine("cpu 1 2"); err == nil {
		t.Error("too short, and no error")
	}
}

func TestDropsAreThoseOfFullBuffers(t *testing.T) {
	got, err := parseDrops("Ip: Forwarding\nIp: 1\n" +
		"Udp: InDatagrams InErrors RcvbufErrors SndbufErrors\nUdp: 100 9 5 2\nUdpLite: InDatagrams\nUdpLite: 0\n")
	if err != nil || got != 7 {
		t.Errorf("%d, %v; want 7", got, err)
	}
	if _, err := parseDrops("Udp: InDatagrams\n"); err == nil {
		t.Error("no figures, and no error")
	}
}
