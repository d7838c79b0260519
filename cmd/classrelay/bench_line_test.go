package main

import (
	"net"
	"strings"
	"testing"
)

func TestBenchLineSaysWhatIsWrong(t *testing.T) {
	for name, args := range map[string][]string{
		"no such scenario": {"bench", "line", "nowhere"},
		"--for":            {"bench", "line", "clean", "--for", "-1s"},
		"accepts 1 arg(s)": {"bench", "line"},
	} {
		if r := program(t, "", args...); r.status != 3 || !strings.Contains(r.err, name) {
			t.Errorf("%v: %d %s", args, r.status, r.err)
		}
	}
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := program(t, "", "bench", "line", "clean", "--listen", taken.LocalAddr().String(), "--for", "1s")
	if r.status != 2 || !strings.Contains(r.err, "address already in use") {
		t.Errorf("%d %s", r.status, r.err)
	}
}

func TestBenchLineTellsWhatTheLineDid(t *testing.T) {
	r := program(t, "", "bench", "line", "clean", "--listen", "127.0.0.1:0", "--for", "50ms")
	if r.status != 0 || !strings.Contains(r.out, "0 clients, 0 packets lost by the emulator itself") {
		t.Errorf("%d %s %s", r.status, r.out, r.err)
	}
}
