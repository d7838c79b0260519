package roq

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"testing"

	"golang.org/x/net/ipv4"
)

// control makes a control message of four bytes.
func control(level, kind, value uint32) []byte {
	b := make([]byte, controlHeader+controlWord) // padded to words
	if controlWord == 8 {
		binary.NativeEndian.PutUint64(b, controlHeader+4)
	} else {
		binary.NativeEndian.PutUint32(b, controlHeader+4)
	}
	binary.NativeEndian.PutUint32(b[controlWord:], level)
	binary.NativeEndian.PutUint32(b[controlWord+4:], kind)
	binary.NativeEndian.PutUint32(b[controlHeader:], value)
	return b
}

func TestPartSizeIsFoundAmongControlMessages(t *testing.T) {
	mark := control(0, 1, 2) // IP_TOS
	size := control(solUDP, udpGRO, 1350)
	for _, c := range []struct {
		name    string
		control []byte
		want    int
	}{
		{"nothing", nil, 0},
		{"only the mark for congestion", mark, 0},
		{"only the size", size, 1350},
		{"the size behind the mark", append(bytes.Clone(mark), size...), 1350},
		{"cut off", size[:controlHeader], 0},
		{"a length that is wrong", make([]byte, controlHeader), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := partSize(c.control); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// kernel gives out what it is told, as one call.
type kernel [][]ipv4.Message

var errNoMore = errors.New("no more")

func (k *kernel) ReadBatch(ms []ipv4.Message, _ int) (int, error) {
	if len(*k) == 0 {
		return 0, errNoMore
	}
	batch := (*k)[0]
	*k = (*k)[1:]
	for i := range batch {
		ms[i].N = copy(ms[i].Buffers[0], batch[i].Buffers[0])
		ms[i].NN = copy(ms[i].OOB, batch[i].OOB)
		ms[i].Addr = batch[i].Addr
	}
	return len(batch), nil
}

func TestWhatTheKernelPutTogetherIsTakenApart(t *testing.T) {
	one, two := &net.UDPAddr{Port: 1}, &net.UDPAddr{Port: 2}
	mark := control(0, 1, 3)
	together := append(bytes.Clone(mark), control(solUDP, udpGRO, 4)...)
	k := kernel{
		{
			{Buffers: [][]byte{[]byte("aaaabbbbcc")}, OOB: together, Addr: one},
			{Buffers: [][]byte{[]byte("dddddd")}, OOB: mark, Addr: two},
			{Buffers: [][]byte{nil}, Addr: two},
		},
		{{Buffers: [][]byte{bytes.Repeat([]byte("e"), 20)}, Addr: two}},
	}
	g := newGRO(&k)
	ms := make([]ipv4.Message, 2) // fewer than come at once
	for i := range ms {
		ms[i].Buffers = [][]byte{make([]byte, 12)}
		ms[i].OOB = make([]byte, 128)
	}
	var got []string
	for {
		n, err := g.ReadBatch(ms, 0)
		if errors.Is(err, errNoMore) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range ms[:n] {
			m := &ms[i]
			got = append(got, string(m.Buffers[0][:m.N])+" "+m.Addr.String())
			if m.N > 0 && m.N < 12 && !bytes.HasPrefix(m.OOB[:m.NN], mark) {
				t.Errorf("packet %q without its mark", m.Buffers[0][:m.N])
			}
		}
	}
	want := []string{"aaaa :1", "bbbb :1", "cc :1", "dddddd :2", " :2", "eeeeeeeeeeee :2"}
	if len(got) != len(want) {
		t.Fatalf("%d packets %q, want %q", len(got), got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("packet %d: %q, want %q", i, got[i], want[i])
		}
	}
}
