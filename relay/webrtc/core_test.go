package webrtc

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestReorderPutsRepairsInTheirPlace(t *testing.T) {
	const wait = 100 * time.Millisecond
	type in struct {
		ms    int
		seq   uint16
		empty bool
	}
	for _, c := range []struct {
		name string
		in   []in
		want []uint16 // as renumbered
		at   []int    // ms
	}{
		{"in order, across the wrap", []in{{0, 65534, false}, {1, 65535, false}, {2, 0, false}}, []uint16{65534, 65535, 0}, []int{0, 1, 2}},
		{"a repair comes in time", []in{{0, 1, false}, {10, 3, false}, {20, 4, false}, {60, 2, false}}, []uint16{1, 2, 3, 4}, []int{0, 60, 60, 60}},
		{
			"no repair: the hole shows after a while, and the repair is late",
			[]in{{0, 1, false}, {10, 3, false}, {60, 4, false}, {110, 5, false}, {120, 2, false}, {121, 6, false}},
			[]uint16{1, 3, 4, 5, 6},
			[]int{0, 110, 110, 110, 121},
		},
		{
			"two holes: the second has a while of its own",
			[]in{{0, 1, false}, {10, 3, false}, {60, 5, false}, {110, 6, false}, {150, 4, false}},
			[]uint16{1, 3, 4, 5, 6},
			[]int{0, 110, 150, 150, 150},
		},
		{"a packet comes twice", []in{{0, 1, false}, {1, 1, false}, {2, 3, false}, {3, 3, false}, {4, 2, false}}, []uint16{1, 2, 3}, []int{0, 4, 4}},
		{"packets without a payload leave no gap", []in{{0, 1, false}, {1, 2, true}, {2, 3, true}, {3, 4, false}}, []uint16{1, 2}, []int{0, 3}},
		{"another stream begins", []in{{0, 1, false}, {1, 3, false}, {2, 5000, false}, {3, 5001, false}}, []uint16{1, 3, 5000, 5001}, []int{0, 2, 2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &reorder{wait: wait}
			var got []uint16
			var at []int
			for _, i := range c.in {
				p := &rtp.Packet{Header: rtp.Header{SequenceNumber: i.seq}, Payload: []byte{1}}
				if i.empty {
					p.Payload = nil
				}
				for _, q := range r.push(time.Unix(100, 0).Add(time.Duration(i.ms)*time.Millisecond), p) {
					got, at = append(got, q.SequenceNumber), append(at, i.ms)
				}
			}
			if !slices.Equal(got, c.want) || !slices.Equal(at, c.at) {
				t.Errorf("%v at %v, want %v at %v", got, at, c.want, c.at)
			}
		})
	}
}

func TestReorderLosesNothingThatComes(t *testing.T) {
	r := &reorder{wait: 50 * time.Millisecond}
	now := time.Unix(100, 0)
	last, out := -1, 0
	const all = 5000
	for i := range all {
		now = now.Add(time.Millisecond)
		seq := i ^ 3 // groups of four, backwards
		if i/4%10 == 7 && i%4 == 0 {
			continue // and some lost
		}
		for _, p := range r.push(now, &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(seq)}, Payload: []byte{1}}) {
			if int(p.SequenceNumber) <= last {
				t.Fatalf("%d comes behind %d", p.SequenceNumber, last)
			}
			last = int(p.SequenceNumber)
			out++
		}
	}
	const before = 3 // the first one has number 3
	if want := all - all/40 - before - r.held; out != want || r.held > 50 {
		t.Errorf("%d packets came out, want %d; %d are held", out, want, r.held)
	}
}

func TestArrangePutsTheAddressThatWorksFirstAndTCPLast(t *testing.T) {
	const answer = "v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=candidate:9 1 udp 1 10.1.1.1 8189 typ host\r\n" +
		"a=end-of-candidates\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" +
		"a=candidate:1 1 udp 1 127.0.0.1 8189 typ host\r\n" +
		"a=candidate:1 2 udp 1 127.0.0.1 8189 typ host\r\n" +
		"a=candidate:2 1 udp 1 10.1.1.1 8189 typ host ufrag x\r\n" +
		"a=candidate:3 1 tcp 1 10.1.1.1 8189 typ host tcptype passive\r\n" +
		"a=candidate:4 1 udp 1 192.168.7.1 8189 typ host\r\n" +
		"a=candidate:5 1 tcp 1 192.168.7.1 8189 typ host tcptype passive\r\n" +
		"a=candidate:6 1 udp 1 fd00::1 8189 typ host\r\n" +
		"a=end-of-candidates\r\na=mid:0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\na=mid:1\r\n"
	addr := netip.MustParseAddr
	for _, c := range []struct {
		name string
		here netip.Addr
		page string
		want string
	}{
		{
			"a page in the school", addr("192.168.7.1"), "192.168.7.30",
			"udp 192.168.7.1, udp 10.1.1.1, udp fd00::1, udp 203.0.113.9, tcp 192.168.7.1, tcp 10.1.1.1, tcp 203.0.113.9",
		},
		{
			"a page on the node itself", addr("127.0.0.1"), "127.0.0.1",
			"udp 127.0.0.1, udp 10.1.1.1, udp 192.168.7.1, udp fd00::1, udp 203.0.113.9, " +
				"tcp 10.1.1.1, tcp 192.168.7.1, tcp 203.0.113.9",
		},
		{
			"a page behind the router",
			netip.Addr{},
			"198.51.100.4",
			"udp 10.1.1.1, udp 192.168.7.1, udp fd00::1, udp 203.0.113.9, tcp 10.1.1.1, tcp 192.168.7.1, tcp 203.0.113.9",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := arrange(answer, c.here, addr(c.page), []netip.Addr{addr("203.0.113.9")})
			var got []string
			last := ""
			for line := range strings.Lines(out) {
				if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") {
					if last != "" && (len(f[3]) > len(last) || len(f[3]) == len(last) && f[3] >= last) {
						t.Errorf("priority %s behind %s", f[3], last)
					}
					last = f[3]
					got = append(got, f[2]+" "+f[4])
				}
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s\nwant %s", s, c.want)
			}
			if !strings.HasSuffix(out, "a=end-of-candidates\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\na=mid:1\r\n") ||
				!strings.HasPrefix(out, "v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=cand") {
				t.Errorf("other lines were changed:\n%s", out)
			}
		})
	}
}

func TestMatchFindsTheBestFormat(t *testing.T) {
	offered := []codec{
		{name: "H264", clock: 90000, payload: 102, params: parameters("packetization-mode=1;profile-level-id=42001f")},
		{name: "H264", clock: 90000, payload: 104, params: parameters("packetization-mode=0;profile-level-id=64001f")},
		{name: "H264", clock: 90000, payload: 106, params: parameters("profile-level-id=4D001F; Packetization-Mode=1")},
		{name: "H264", clock: 90000, payload: 108, params: parameters("packetization-mode=1")},
		{name: "H265", clock: 90000, payload: 110, params: parameters("profile-id=2")},
		{name: "H265", clock: 90000, payload: 112, params: parameters("profile-id=1")},
		{name: "OPUS", clock: 48000, channels: 2, payload: 111},
		{name: "PCMU", clock: 8000, payload: 0},
	}
	profile := func(id string) map[string]string { return map[string]string{"profile-level-id": id} }
	for _, c := range []struct {
		name string
		e    encoding
		want int // payload type; -1: none
	}{
		{"the same profile", encoding{name: "H264", clock: 90000, params: profile("4d0028")}, 106},
		{"High, which is offered in a mode that is not ours: the next best", encoding{name: "H264", clock: 90000, params: profile("640028")}, 106},
		{"no profile is known", encoding{name: "H264", clock: 90000}, 108},
		{"H.265 by profile", encoding{name: "H265", clock: 90000, params: map[string]string{"profile-id": "1"}}, 112},
		{"Opus in mono", encoding{name: "OPUS", clock: 48000, channels: 1}, 111},
		{"G.711", encoding{name: "PCMU", clock: 8000, channels: 1}, 0},
		{"G.711 in stereo", encoding{name: "PCMU", clock: 8000, channels: 2}, -1},
		{"G.711 at 16 kHz", encoding{name: "PCMU", clock: 16000, channels: 1}, -1},
		{"the other G.711", encoding{name: "PCMA", clock: 8000, channels: 1}, -1},
		{"AAC", encoding{name: "MPEG4-GENERIC", clock: 48000, channels: 2}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := -1
			if f, ok := match(c.e, offered); ok {
				got = int(f.payload)
			}
			if got != c.want {
				t.Errorf("format %d, want %d", got, c.want)
			}
		})
	}
}
