package scenario

import (
	"fmt"

	"github.com/classrelay/classrelay/bench/netem"
)

// The traffic of others in the file.
type (
	besideText struct {
		TCP []bulkText `yaml:"tcp"`
	}
	bulkText struct {
		Congestion string `yaml:"congestion"`
		Flows      int    `yaml:"flows"`
		From       string `yaml:"from"`
		To         string `yaml:"to"`
	}
)

// maxFlows is more than any household has, and as much as a small machine can do.
const maxFlows = 100

// beside puts bulk flows on the last line, the one that leads to the school.
func (r *reader) beside(doc *document, s *Scenario) {
	if len(doc.Beside.TCP) == 0 || len(s.Lines) == 0 {
		return
	}
	last := &s.Lines[len(s.Lines)-1]
	if last.Down.Rate == 0 || len(last.Down.Steps) > 0 {
		r.Fail("$.beside", "the last line needs a rate that does not change, for bulk_share to be a part of it")
	}
	for i, b := range doc.Beside.TCP {
		at := fmt.Sprintf("$.beside.tcp[%d]", i)
		bulk := netem.Bulk{
			Congestion: b.Congestion, Flows: b.Flows,
			From: r.time(at+".from", b.From), To: r.time(at+".to", b.To),
		}
		if b.Flows < 0 || b.Flows > maxFlows {
			r.Fail(at+".flows", fmt.Sprintf("%d: 1 to %d are possible", b.Flows, maxFlows))
		}
		if bulk.To != 0 && bulk.To <= bulk.From {
			r.Fail(at+".to", "the flow would end before it begins")
		}
		last.Beside = append(last.Beside, bulk)
	}
}

// cannot tells why a scenario cannot be played here; nil when it can.
func (s *Scenario) cannot() error {
	for _, l := range s.Lines {
		if len(l.Beside) == 0 {
			continue
		}
		if err := netem.CanRoute(); err != nil {
			return fmt.Errorf("TCP beside: %w", err)
		}
		for _, b := range l.Beside {
			if b.Congestion == "" {
				continue
			}
			if err := netem.CanControl(b.Congestion); err != nil {
				return fmt.Errorf("TCP beside: %w", err)
			}
		}
	}
	return nil
}

// bulkShare is which part of the last line its bulk flows got; ok is false where there
// were to be none.
func (w *watch) bulkShare() (share float64, ok bool) {
	if w.chain.Beside == nil {
		return 0, false
	}
	last := w.scenario.Lines[len(w.scenario.Lines)-1]
	return w.chain.Beside.Share(last.Down.Rate), true
}
