package egress

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Spread is a median and the range around it.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spread returns nil for no values. It sorts them.
func spread(v []float64) *Spread {
	if len(v) == 0 {
		return nil
	}
	slices.Sort(v)
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (mid + v[len(v)/2-1]) / 2
	}
	return &Spread{Median: mid, Min: v[0], Max: v[len(v)-1]}
}

// Row is what all rounds of one mode say. Figures that never came are null.
type Row struct {
	Mode        Mode    `json:"mode"`
	Title       string  `json:"title"`
	MbitPerCore *Spread `json:"mbit_per_core"`
	// OfGSO and OfUDP compare with the other turns of the same round.
	OfGSO *Spread `json:"of_gso"`
	OfUDP *Spread `json:"of_udp"`
	// SystemShare is how much of the CPU time was the kernel's, 0 to 1.
	SystemShare   *Spread `json:"system_share"`
	ReceivedRatio *Spread `json:"received_ratio"`
	// PacketsACall is how many packets a system call carried, and AllocationsAPacket
	// how often the sender allocated for one.
	PacketsACall       *Spread `json:"packets_a_call"`
	AllocationsAPacket *Spread `json:"allocations_a_packet"`

	Failed string `json:"failed,omitempty"` // of the last turn that failed
}

// Summarize makes a row of each mode, in the order in which they came first.
func Summarize(turns []Turn) []Row {
	var modes []Mode
	for i := range turns {
		if !slices.Contains(modes, turns[i].Mode) {
			modes = append(modes, turns[i].Mode)
		}
	}
	rows := make([]Row, 0, len(modes))
	for _, m := range modes {
		rows = append(rows, summarize(m, turns))
	}
	return rows
}

func summarize(m Mode, turns []Turn) Row {
	r := Row{Mode: m, Title: m.Title()}
	var perCore, gso, udp, system, got, calls, allocations []float64
	for i := range turns {
		t := &turns[i]
		if t.Mode != m {
			continue
		}
		if t.Failed != "" {
			r.Failed = t.Failed
		}
		rate := t.MbitPerCore()
		if rate == 0 {
			continue
		}
		perCore = append(perCore, rate)
		if n := t.Sent.Calls; n > 0 {
			calls = append(calls, float64(t.Sent.Packets)/float64(n))
		}
		if n := t.Sent.Packets; n > 0 {
			allocations = append(allocations, float64(t.Sent.Allocations)/float64(n))
		}
		system = append(system, t.Sent.CPU.System/t.Sent.CPU.Total())
		if base := inRound(turns, GSO, t.Round); base > 0 {
			gso = append(gso, rate/base)
		}
		if base := inRound(turns, UDP, t.Round); base > 0 {
			udp = append(udp, rate/base)
		}
		if t.ReceivedRatio != nil {
			got = append(got, *t.ReceivedRatio)
		}
	}
	r.MbitPerCore, r.OfGSO, r.OfUDP = spread(perCore), spread(gso), spread(udp)
	r.SystemShare, r.ReceivedRatio = spread(system), spread(got)
	r.PacketsACall, r.AllocationsAPacket = spread(calls), spread(allocations)
	return r
}

// inRound is what a mode reached in a round; 0 when it was not measured.
func inRound(turns []Turn, m Mode, round int) float64 {
	for i := range turns {
		if turns[i].Mode == m && turns[i].Round == round {
			return turns[i].MbitPerCore()
		}
	}
	return 0
}

// WriteTable writes the rows for people.
func WriteTable(w io.Writer, rows []Row) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tab, "how it is sent\tMbit/s per core\tof UDP write\tof UDP+GSO\tin the kernel\tarrived\t"+
		"packets a call\tallocations a packet")
	for i := range rows {
		r := &rows[i]
		if r.MbitPerCore == nil {
			_, _ = fmt.Fprintf(tab, "%s\tcould not run: %s\n", r.Title, r.Failed)
			continue
		}
		_, _ = fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Title, r.MbitPerCore.text("%.0f"),
			r.OfUDP.text("%.2f"), r.OfGSO.text("%.2f"), r.SystemShare.percent(), r.ReceivedRatio.percent(),
			r.PacketsACall.median(), r.AllocationsAPacket.median())
	}
	return tab.Flush()
}

// text is "median (min–max)"; a dash for nothing.
func (s *Spread) text(format string) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.Median, s.Min, s.Max)
}

func (s *Spread) median() string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f", s.Median)
}

func (s *Spread) percent() string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*s.Median)
}

// Line is a turn in one line, for who waits.
func (t *Turn) Line() string {
	if t.Failed != "" {
		return "could not run: " + t.Failed
	}
	return fmt.Sprintf("%.0f Mbit/s per core", t.MbitPerCore())
}
