package recovery

import (
	"math"
	"os"
	"strconv"
	"testing"
	"time"
)

const ms = time.Millisecond

// TestRecoveryMeetsItsTargets prints the whole table. RECOVERY_FRAMES=30000 (or
// more) is the version that proves the targets; the short one has too few frames
// for the last hundredths of a per cent and allows for them.
func TestRecoveryMeetsItsTargets(t *testing.T) {
	frames, slack := 2500, 1.0
	if n, err := strconv.Atoi(os.Getenv("RECOVERY_FRAMES")); err == nil {
		frames, slack = n, 0
	}
	rows, err := Run(Cells(), frames, 1)
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		if err := Write(os.Stdout, rows); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rows {
		if r.Wrong > 0 {
			t.Errorf("%v, %s: %d packets restored wrong", r.Cell, r.Scheme, r.Wrong)
		}
		if r.Scheme != Planned {
			continue
		}
		r.Cell.Target.OnTime -= slack * 0.001
		r.Cell.Target.Freeze += slack * 0.002
		r.Cell.Target.Overhead *= 1 + slack*0.1
		if r.Cell.Target.P99 > 0 {
			r.Cell.Target.P99 += time.Duration(slack * float64(10*ms))
		}
		if !r.Met() {
			t.Errorf("%v: on time %.4f, freeze %.4f, overhead %.4f, p99 %v", r.Cell, r.OnTime, r.Freeze, r.Overhead(), r.P99)
		}
	}
}

func TestSameSeedGivesTheSameFigures(t *testing.T) {
	cells := Cells()[6:7]
	a, err := Run(cells, 300, 5)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Run(cells, 300, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("%+v\nthen\n%+v", a[i], b[i])
		}
	}
}

// TestNoSchemeBeatsTheLoss catches errors of accounting: to bring back a share p
// of the packets over a link that loses p, p/(1−p) must be sent.
func TestNoSchemeBeatsTheLoss(t *testing.T) {
	cell := Cell{Loss: 0.05, Burst: 5, RTT: 20 * ms, Deadline: 300 * ms}
	rows, err := Run([]Cell{cell}, 3000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		bound := r.Loss / (1 - r.Loss)
		if r.OnTime > 0.999 && r.Overhead() < 0.93*bound {
			t.Errorf("%s: overhead %.4f, at least %.4f are needed", r.Scheme, r.Overhead(), bound)
		}
		if r.Restored > r.Repairs {
			t.Errorf("%s: %d packets restored from %d repair packets", r.Scheme, r.Restored, r.Repairs)
		}
	}
}

// TestCodecAloneMissesAsOftenAsItMust compares parity without any request with
// the chance that more is lost than there is parity.
func TestCodecAloneMissesAsOftenAsItMust(t *testing.T) {
	for _, burst := range []float64{1, 5} {
		const frames = 10_000
		cell := Cell{Loss: 0.05, Burst: burst, RTT: 20 * ms, Deadline: 100 * ms}
		s := newNACK(cell, frameParity)
		s.mute = true
		m := newSimulation(cell, s, frames, 3)
		if err := m.run(); err != nil {
			t.Fatal(err)
		}
		n, missed := 0.0, 0.0
		for i, f := range m.audit.frames {
			if i%framesPerGOP == 0 {
				continue // split into blocks
			}
			n++
			if f.missing > 0 {
				missed++
			}
		}
		const rows = packetsPerFrame / 5
		p := chanceOfMore(rows, packetsPerFrame+rows, cell)
		// Frames one after the other share bursts, hence 4 and not 3.
		if sigma := math.Sqrt(n * p * (1 - p)); math.Abs(missed-n*p) > 4*sigma {
			t.Errorf("burst %g: %g of %g frames missed, expected %.0f ± %.0f", burst, missed, n, n*p, sigma)
		}
	}
}

// chanceOfMore is the chance that more than m of n packets in a row are lost.
func chanceOfMore(m, n int, c Cell) float64 {
	b := max(c.Burst, 1/(1-c.Loss))
	good, bad := []float64{1 - c.Loss}, []float64{c.Loss} // by packets lost, and the state after
	for range n {
		g, d := make([]float64, len(good)+1), make([]float64, len(good)+1)
		for l := range good {
			toBad := c.Loss / (1 - c.Loss) / b
			g[l] += good[l]*(1-toBad) + bad[l]/b
			d[l+1] += good[l]*toBad + bad[l]*(1-1/b)
		}
		good, bad = g, d
	}
	sum := 0.0
	for l := m + 1; l <= n; l++ {
		sum += good[l] + bad[l]
	}
	return sum
}

func TestJitterAndDisorderCauseNoRepair(t *testing.T) {
	for _, jitter := range []time.Duration{0, 20 * ms} {
		for _, rtt := range []time.Duration{20 * ms, 60 * ms} {
			cell := Cell{RTT: rtt, Deadline: 200 * ms, Jitter: jitter, Reorder: 0.01}
			row, err := simulate(cell, newPlanned(cell), 5000, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%v: overhead %.3f %%, %d restored", cell, 100*row.Overhead(), row.Restored)
			if row.Overhead() > 0.005 || row.OnTime < 1 || row.Wrong > 0 {
				t.Errorf("%v: overhead %.4f, on time %.4f, %d wrong", cell, row.Overhead(), row.OnTime, row.Wrong)
			}
		}
	}
}

func TestFeedbackMayGetLost(t *testing.T) {
	cell := Cell{Loss: 0.01, Burst: 2, BackLoss: 0.1, RTT: 60 * ms, Deadline: 200 * ms}
	row, err := simulate(cell, newPlanned(cell), 10_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("on time %.4f, overhead %.4f", row.OnTime, row.Overhead())
	if row.OnTime < 0.999 || row.Overhead() > 0.03 {
		t.Errorf("on time %.4f, overhead %.4f", row.OnTime, row.Overhead())
	}
}

func TestShortOutagesAreBridged(t *testing.T) {
	worst := map[time.Duration]float64{5 * ms: 0.9995, 20 * ms: 0.999, 50 * ms: 0.995}
	for _, mean := range []time.Duration{5 * ms, 20 * ms, 50 * ms} {
		cell := Cell{Loss: 0.01, RTT: 60 * ms, Deadline: 200 * ms, Outage: mean}
		row, err := simulate(cell, newPlanned(cell), 6000, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: on time %.4f, freeze %.4f, overhead %.4f, loss %.4f", cell, row.OnTime, row.Freeze, row.Overhead(), row.Loss)
		if row.OnTime < worst[cell.Outage] || row.Overhead() > 0.06 {
			t.Errorf("%v: on time %.4f, overhead %.4f", cell, row.OnTime, row.Overhead())
		}
	}
}
