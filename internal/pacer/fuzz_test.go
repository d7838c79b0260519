package pacer

import (
	"testing"
	"time"
)

// FuzzPacer plays any sequence of calls: nothing is lost, invented or reordered
// within a flow, and Next never sleeps over a packet that may leave.
func FuzzPacer(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 40, 5, 66, 7, 80, 9, 200, 255})
	f.Add([]byte{3, 3, 3, 3, 3, 3, 250, 250, 250, 6, 6})
	f.Fuzz(func(t *testing.T, ops []byte) {
		p := New[int](Config{Rate: 1e6})
		now := start()
		in, out, dropped := 0, 0, 0
		newest := map[Flow]int{}
		for _, op := range ops {
			switch {
			case op < 180:
				in++
				p.Push(now, Class(op%7), Flow(op%3), int(op)*9, in*100+int(Class(op%7))*3+int(op%3))
			case op < 240:
				now = now.Add(time.Duration(op-180) * time.Millisecond)
			case op < 245:
				p.SetRate(now, float64(op-240)*1e6)
			case op < 250:
				dropped += int(p.DropFlow(Flow(op%3), nil).Packets)
			default:
				dropped += int(p.DropOlder(Class(op%7), now.Add(-10*time.Millisecond), nil).Packets)
			}
			for {
				v, ok := p.Pop(now)
				if !ok {
					break
				}
				out++
				if key := Flow(v % 100); newest[key] > v {
					t.Fatalf("%d left after %d", v, newest[key])
				} else {
					newest[key] = v
				}
			}
		}
		queued := 0
		for _, c := range p.Stats().Queued {
			queued += int(c.Packets)
		}
		if in != out+dropped+queued {
			t.Fatalf("%d in, %d out, %d dropped, %d queued", in, out, dropped, queued)
		}
		if next := p.Next(); !next.IsZero() {
			if _, ok := p.Pop(next); !ok {
				t.Fatal("woken at Next, and nothing may leave")
			}
		}
	})
}
