package webrtc

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"

	"github.com/classrelay/classrelay/internal/bwe"
)

// desk is a ledger and a page that reports to it.
type desk struct {
	t    *testing.T
	l    ledger
	rec  *twcc.Recorder
	from time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return &desk{t: t, rec: twcc.NewRecorder(1), from: time.Unix(5000, 0)}
}

func (d *desk) at(n float64) time.Time { return d.from.Add(time.Duration(n * 1e6)) }

// leave sends n packets a millisecond apart from ms at on.
func (d *desk) leave(at float64, n int) {
	for i := range n {
		d.l.leave(d.at(at+float64(i)), 1000)
	}
}

// come lets packets arrive, 5 ms after ms at, one millisecond apart. The page's clock
// is three hours ahead.
func (d *desk) come(at float64, numbers ...uint16) {
	for i, n := range numbers {
		d.rec.Record(7, n, int64((at+5+float64(i))*1000)+3*3600*1e6)
	}
}

func (d *desk) feedback() [][]byte {
	d.t.Helper()
	var all [][]byte
	for _, p := range d.rec.BuildFeedbackPacket() {
		raw, err := p.Marshal()
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}

// report delivers feedback at ms at and returns what it tells: numbers that came, and
// numbers that were lost.
func (d *desk) report(at float64) (came, lost []int64) {
	d.t.Helper()
	for _, raw := range d.feedback() {
		c, l := d.read(at, raw)
		came, lost = append(came, c...), append(lost, l...)
	}
	return came, lost
}

func (d *desk) read(at float64, raw []byte) (came, lost []int64) {
	d.t.Helper()
	results, err := d.l.read(d.at(at), raw, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, r := range results {
		if r.Arrived.IsZero() {
			lost = append(lost, r.Seq)
		} else {
			came = append(came, r.Seq)
		}
	}
	return came, lost
}

func (d *desk) expect(name string, got, want []int64) {
	d.t.Helper()
	if !slices.Equal(got, want) {
		d.t.Fatalf("%s: %v, want %v", name, got, want)
	}
}

func TestLedgerTellsWhenPacketsCame(t *testing.T) {
	d := newDesk(t)
	d.leave(0, 3)
	d.come(0, 0, 1, 2)
	var all []bwe.Result
	for _, raw := range d.feedback() {
		var err error
		if all, err = d.l.read(d.at(50), raw, all); err != nil {
			t.Fatal(err)
		}
	}
	d.leave(60, 1)
	d.come(100, 3) // 40 ms later than the others were
	for _, raw := range d.feedback() {
		var err error
		if all, err = d.l.read(d.at(150), raw, all); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != 4 {
		t.Fatalf("%d results", len(all))
	}
	first := all[0].Arrived.Sub(all[0].Sent)
	for i, want := range []float64{0, 0, 0, 40} {
		r := all[i]
		late := float64(r.Arrived.Sub(r.Sent)-first) / 1e6
		if r.Seq != int64(i) || r.Size != 1000 || late < want-0.3 || late > want+0.3 {
			t.Errorf("packet %d: %+v is %.2f ms late, want %v", i, r, late, want)
		}
	}
}

func TestLedgerWaitsForWhatWasOvertaken(t *testing.T) {
	d := newDesk(t)
	d.leave(0, 6)
	d.come(0, 0, 1, 4, 5)
	came, lost := d.report(100)
	d.expect("came", came, []int64{0, 1, 4, 5})
	d.expect("lost at once", lost, nil)
	d.come(20, 2) // it was overtaken
	d.leave(100, 2)
	d.come(100, 6, 7)
	came, lost = d.report(200)
	d.expect("came after all", came, []int64{2, 6, 7})
	d.expect("lost, told too early", lost, nil)
	d.leave(200, 1)
	d.come(200, 8)
	came, lost = d.report(300)
	d.expect("came", came, []int64{8})
	d.expect("lost", lost, []int64{3})
	d.leave(300, 1)
	d.come(300, 9)
	if _, lost = d.report(400); len(lost) > 0 {
		t.Errorf("told again: %v", lost)
	}
}

func TestLedgerKnowsNothingOfWhatLostFeedbackSpokeOf(t *testing.T) {
	d := newDesk(t)
	d.leave(0, 3)
	d.come(0, 0, 1, 2)
	d.report(50)
	d.leave(50, 3)
	d.come(50, 3, 5)
	d.feedback() // it is lost
	d.leave(100, 2)
	d.come(100, 6, 7)
	came, lost := d.report(150)
	d.expect("came", came, []int64{6, 7})
	d.expect("lost", lost, nil)
	d.leave(150, 1)
	d.come(150, 8)
	came, lost = d.report(200)
	d.expect("came", came, []int64{8})
	d.expect("lost", lost, nil)
}

func TestLedgerCountsOnAcrossTheWrap(t *testing.T) {
	d := newDesk(t)
	var seq uint16
	total := 0
	for i := range 700 {
		at := float64(i) * 100
		d.leave(at, 100)
		for n := range 100 {
			d.come(at+float64(n), seq)
			seq++
		}
		came, lost := d.report(at + 200)
		if len(lost) > 0 {
			t.Fatalf("lost: %v", lost)
		}
		total += len(came)
	}
	if total != 70_000 {
		t.Errorf("%d of 70000 packets came", total)
	}
}

func TestLedgerRefusesFeedbackAboutPacketsThatNeverLeft(t *testing.T) {
	d := newDesk(t)
	d.leave(0, 10)
	for name, f := range map[string]rtcp.TransportLayerCC{
		"of the future":  {BaseSequenceNumber: 10, PacketStatusCount: 1},
		"long forgotten": {BaseSequenceNumber: 60000, PacketStatusCount: 1},
		"too many":       {BaseSequenceNumber: 0, PacketStatusCount: ledgerSize + 1},
	} {
		f.Header = rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5}
		f.PacketChunks = []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{
			Type: rtcp.TypeTCCRunLengthChunk, RunLength: f.PacketStatusCount,
		}}
		raw, err := f.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.l.read(d.at(50), raw, nil); err == nil || len(got) > 0 {
			t.Errorf("%s: %v, error %v", name, got, err)
		}
	}
}

// FuzzFeedback gives a ledger whatever a page may send: nothing is told twice, and
// nothing of packets that did not leave.
func FuzzFeedback(f *testing.F) {
	d := &desk{t: nil, rec: twcc.NewRecorder(1)}
	d.come(0, 0, 1, 4, 5, 90)
	for _, p := range d.rec.BuildFeedbackPacket() {
		raw, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, raw)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := newDesk(t)
		d.leave(0, 100)
		told := make(map[int64]bool)
		for i, raw := range [][]byte{first, second, first} {
			results, err := d.l.read(d.at(100*float64(i)), raw, nil)
			if err != nil && len(results) > 0 {
				t.Fatal("an error, and results")
			}
			for _, r := range results {
				if r.Seq < 0 || r.Seq >= d.l.next || told[r.Seq] || r.Sent.IsZero() {
					t.Fatalf("told: %+v", r)
				}
				told[r.Seq] = true
			}
			d.leave(100*float64(i+1), 50)
		}
	})
}
