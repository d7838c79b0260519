package repair

// gilbert is a loss process of two states, good (every packet arrives) and bad
// (none does), and with it the distribution of the number of packets lost among n
// in a row that begin at any time.
type gilbert struct {
	toBad, toGood float64 // chances to change state from one packet to the next
	bad           float64 // share of time in the bad state

	lost [][]float64 // lost[n][l], made as far as asked for, and up to what is likely at all
	// The same for the longest n so far, split by the state of the last packet.
	endGood, endBad []float64
}

// newGilbert makes the process with mean loss p and mean burst length b. A burst
// cannot be shorter than independent losses make it.
func newGilbert(p, b float64) *gilbert {
	b = max(b, 1/(1-p))
	g := &gilbert{toGood: 1 / b, bad: p}
	g.toBad = min(1, p*g.toGood/(1-p))
	g.lost = [][]float64{{1}}
	// Before the first packet the chain is in its steady state.
	g.endGood = []float64{1 - p}
	g.endBad = []float64{p}
	return g
}

// negligible is a chance that no price makes worth a thought.
const negligible = 1e-9

// of returns the chances to lose 0, 1, … of n packets, up to n or to where they
// become negligible. Read only.
func (g *gilbert) of(n int) []float64 {
	for len(g.lost) <= n {
		g.grow()
	}
	return g.lost[n]
}

func (g *gilbert) grow() {
	n := len(g.lost)
	good, bad := make([]float64, n+1), make([]float64, n+1)
	stayGood, stayBad := 1-g.toBad, 1-g.toGood
	for l := range n {
		good[l] += g.endGood[l]*stayGood + g.endBad[l]*g.toGood
		bad[l+1] += g.endGood[l]*g.toBad + g.endBad[l]*stayBad
	}
	sum := make([]float64, n+1)
	for l := range sum {
		sum[l] = good[l] + bad[l]
	}
	likely := n + 1
	for sum[likely-1] < negligible {
		likely--
	}
	g.lost = append(g.lost, sum[:likely])
	g.endGood, g.endBad = good, bad
}
