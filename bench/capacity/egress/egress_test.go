package egress

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/classrelay/classrelay/bench/capacity/usage"
)

func TestPicturesAreCutIntoFullPackets(t *testing.T) {
	for _, c := range []struct {
		mode       Mode
		full, last int
	}{{UDP, 1311, 335}, {Naive, 1200, 800}} {
		packets := cut(c.mode, 4_000_000) // 20,000 bytes each 40 ms
		if len(packets) < 2 || len(packets[0]) != c.full || len(packets[len(packets)-1]) != c.last {
			t.Errorf("%s: %d packets, want those of %d bytes and one of %d", c.mode, len(packets), c.full, c.last)
		}
		for i, p := range packets {
			if p[0]>>6 != 2 || int(p[3]) != i {
				t.Errorf("%s: packet %d is no RTP: %v", c.mode, i, p[:rtpHeader])
			}
		}
	}
}

// turn is one in which a mode sent so many Mbit in a second of CPU time.
func turn(m Mode, round int, mbit float64) Turn {
	return Turn{Mode: m, Round: round, Sent: &Sent{
		MediaBits: mbit * 1e6, CPU: usage.Time{User: 0.25, System: 0.75}, Packets: 1200, Calls: 100, Allocations: 4800,
	}}
}

func TestRatiosAreThoseOfTheSameRound(t *testing.T) {
	rows := Summarize([]Turn{
		turn(UDP, 1, 1000), turn(GSO, 1, 4000), turn(QUIC, 1, 1000),
		turn(QUIC, 2, 300), turn(GSO, 2, 1000), turn(UDP, 2, 250), // the machine was busy
		turn(UDP, 3, 1000), turn(GSO, 3, 5000),
		{Mode: QUIC, Round: 3, Failed: "killed"},
	})
	if len(rows) != 3 || rows[2].Mode != QUIC {
		t.Fatalf("rows %+v", rows)
	}
	q := rows[2]
	if *q.OfUDP != (Spread{Median: 1.1, Min: 1, Max: 1.2}) || math.Abs(q.OfGSO.Median-0.275) > 1e-9 {
		t.Errorf("of UDP %+v, of GSO %+v", *q.OfUDP, *q.OfGSO)
	}
	if *q.MbitPerCore != (Spread{Median: 650, Min: 300, Max: 1000}) || q.SystemShare.Median != 0.75 {
		t.Errorf("per core %+v, in the kernel %+v", *q.MbitPerCore, *q.SystemShare)
	}
	if math.Abs(q.PacketsACall.Median-12) > 1e-9 || math.Abs(q.AllocationsAPacket.Median-4) > 1e-9 {
		t.Errorf("%+v packets a call, %+v allocations a packet", *q.PacketsACall, *q.AllocationsAPacket)
	}
	if q.Failed != "killed" {
		t.Errorf("failed: %q", q.Failed)
	}
}

func TestTablesHaveAllRows(t *testing.T) {
	var b bytes.Buffer
	rows := Summarize([]Turn{turn(UDP, 1, 1000), turn(QUIC, 1, 1100), {Mode: GSO, Round: 1, Failed: "not here"}})
	if err := WriteTable(&b, rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.10 (1.10–1.10)", "could not run: not here", "75 %"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestModesAreFoundByName(t *testing.T) {
	for _, m := range Modes() {
		if got, err := ParseMode(string(m)); err != nil || got != m || m.Title() == string(m) {
			t.Errorf("%s: %s, %v, %q", m, got, err, m.Title())
		}
	}
	if _, err := ParseMode("pigeon"); err == nil || !strings.Contains(err.Error(), "udp, gso, quic, naive, rtsp") {
		t.Errorf("%v: want the names", err)
	}
}
