package report

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/classrelay/classrelay/bench/scenario"
	"github.com/classrelay/classrelay/bench/viewer"
)

// Stream writes a bench while it goes on: one JSON value per line, each with its
// schema and its type, in this order:
//
//	start    once: where it runs, and what
//	second   one a second for each run that goes on
//	run      one for each run that is over, the late ones that are repeated too
//	verdict  once: every rule, and the verdict
//
// Times that never came, and latencies of a second without a frame, are null. It is
// safe for concurrent use. After the first error it writes nothing more.
type Stream struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

// NewStream makes a stream.
func NewStream(w io.Writer) *Stream { return &Stream{w: w} }

// Err is the first error of the writer.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// head is how each line begins.
type head struct {
	Schema int    `json:"schema"`
	Type   string `json:"type"`
}

// put writes one line.
func (s *Stream) put(v any) {
	line, err := json.Marshal(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && err == nil {
		_, err = s.w.Write(append(line, '\n'))
	}
	if s.err == nil {
		s.err = err
	}
}

// Start writes the first line.
func (s *Stream) Start(env *scenario.Environment, all []*scenario.Scenario, seeds int) {
	names := []string{}
	for _, sc := range all {
		names = append(names, sc.Name)
	}
	s.put(struct {
		head
		Environment *scenario.Environment `json:"environment"`
		Scenarios   []string              `json:"scenarios"`
		Seeds       int                   `json:"seeds"`
	}{head{scenario.Schema, "start"}, env, names, seeds})
}

// Second writes what a run shows now.
func (s *Stream) Second(sec *scenario.Second) {
	var latency *viewer.Percentiles
	if sec.View.Good > 0 {
		latency = &sec.View.Latency
	}
	var good *float64
	if sec.View.Whole.FramesExpected > 0 {
		good = &sec.View.Whole.GoodIn300msRatio
	}
	s.put(struct {
		head
		Scenario string              `json:"scenario"`
		Seed     uint64              `json:"seed"`
		At       float64             `json:"at_s"` // since the first picture
		Of       float64             `json:"of_s"`
		Layer    string              `json:"layer"` // empty before the first picture
		Frames   int                 `json:"frames_good"`
		Latency  *viewer.Percentiles `json:"latency_ms"`
		Good     *float64            `json:"good_in_time"` // since the first picture
		Stalls   int                 `json:"stalls"`       // since then
		Lost     float64             `json:"lost_on_line"`
		Rate     float64             `json:"rate_bit_s"`
	}{
		head{scenario.Schema, "second"},
		sec.Scenario, sec.Seed, sec.At.Round(time.Millisecond).Seconds(), sec.Of.Seconds(),
		sec.View.Layer, sec.View.Good, latency, good, sec.View.Whole.Stalls, sec.Lost, sec.Rate,
	})
}

// Run writes a run that is over.
func (s *Stream) Run(name string, r *scenario.Run) {
	s.put(struct {
		head
		Scenario    string              `json:"scenario"`
		Seed        uint64              `json:"seed"`
		Figures     map[string]*float64 `json:"figures"`
		Late        bool                `json:"emulator_late"`
		Repeated    bool                `json:"repeated"`
		Interrupted bool                `json:"interrupted"`
		Failed      string              `json:"failed,omitempty"`
	}{head{scenario.Schema, "run"}, name, r.Seed, r.Figures, r.Late, r.Repeated, r.Interrupted, r.Failed})
}

// Verdict writes the last line.
func (s *Stream) Verdict(r *scenario.Report) {
	type result struct {
		Name    string                `json:"name"`
		Verdict scenario.Verdict      `json:"verdict"`
		Rules   []scenario.RuleReport `json:"rules"`
	}
	all := []result{}
	for i := range r.Scenarios {
		all = append(all, result{r.Scenarios[i].Name, r.Scenarios[i].Verdict, r.Scenarios[i].Rules})
	}
	s.put(struct {
		head
		Verdict     scenario.Verdict `json:"verdict"`
		Interrupted bool             `json:"interrupted"`
		Scenarios   []result         `json:"scenarios"`
	}{head{scenario.Schema, "verdict"}, r.Verdict, r.Interrupted, all})
}
