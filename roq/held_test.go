package roq

import (
	"testing"
	"time"
)

func TestHeldForgetsTheOldest(t *testing.T) {
	for _, tt := range []struct {
		name            string
		packets, size   int
		kept, forgotten int
	}{
		{"when the bytes are too many", 300, MaxPacketSize, heldBytes / MaxPacketSize, 300 - heldBytes/MaxPacketSize},
		{"when the packets are too many", heldPackets + 5, 20, heldPackets, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := held{hold: time.Second}
			for i := range tt.packets {
				h.push(Received{Flow: uint64(i), Packet: make([]byte, tt.size), Arrival: epoch})
			}
			if len(h.packets) != tt.kept || h.forgotten != uint64(tt.forgotten) {
				t.Errorf("%d kept, %d forgotten; want %d, %d", len(h.packets), h.forgotten, tt.kept, tt.forgotten)
			}
			if got := h.take(uint64(tt.packets - 1)); len(got) != 1 {
				t.Error("the newest is gone")
			}
			if got := h.take(0); len(got) != 0 {
				t.Error("the oldest is still there")
			}
			if h.bytes != (tt.kept-1)*tt.size {
				t.Errorf("%d bytes, want %d", h.bytes, (tt.kept-1)*tt.size)
			}
		})
	}
}

func TestHeldForgetsWhatIsOld(t *testing.T) {
	h := held{hold: 500 * time.Millisecond}
	for i := range 10 {
		h.push(Received{Flow: 1, Packet: []byte{byte(i)}, Arrival: epoch.Add(time.Duration(i) * 100 * time.Millisecond)})
	}
	got := h.take(1)
	if len(got) != 6 || got[0].Packet[0] != 4 || h.forgotten != 4 || h.bytes != 0 {
		t.Errorf("%d packets from %v on, %d forgotten, %d bytes", len(got), got[0].Packet, h.forgotten, h.bytes)
	}
}
