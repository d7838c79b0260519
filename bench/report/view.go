package report

import (
	"cmp"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/classrelay/classrelay/bench/scenario"
)

// usualDeadline is what most scenarios have, and what the overview is drawn for.
const usualDeadline = 300.0 // ms

// page is what the template shows.
type page struct {
	Report    *scenario.Report
	Command   string
	Played    string
	Say       template.HTML // the verdict in a sentence
	Late      template.HTML // that the machine was too busy; empty when it was not
	Tiles     []tile
	Overview  overview
	Scenarios []section
}

// tile is one large number.
type tile struct {
	Key   string
	Value template.HTML
	Note  template.HTML
	Bad   bool
}

// section is one scenario.
type section struct {
	*scenario.ResultReport
	Lines    []template.HTML // what each line is like
	Rows     []ruleRow
	CDF      *distribution
	Worst    *timeline // nil: there is none
	Others   []timeline
	Hops     []hopRow
	HopsSeed uint64
	Figures  []string // columns of the table of runs
	Table    []runRow
}

type ruleRow struct {
	scenario.RuleReport
	Verdict string // met, missed, or nothing where no run counts
	Bullet  *bullet
}

func newPage(r *scenario.Report) *page {
	p := &page{Report: r, Command: strings.Join(r.Environment.Command, " "), Overview: newOverview(r)}
	rules, missed := 0, 0
	for i := range r.Scenarios {
		s := newSection(&r.Scenarios[i])
		for _, row := range s.Rows {
			rules++
			if row.Verdict == "missed" {
				missed++
			}
		}
		p.Scenarios = append(p.Scenarios, s)
	}
	p.Say = must("verdict.say."+string(r.Verdict), len(r.Scenarios), rules)
	if r.Verdict == scenario.Missed {
		p.Say = must("verdict.say.missed", len(r.Scenarios), rules, missed)
	}
	p.Tiles, p.Played = tiles(r)
	p.Late = lateRuns(r)
	return p
}

// lateRuns says how many runs mean little because the emulator was late in them.
func lateRuns(r *scenario.Report) template.HTML {
	late, all := 0, 0
	for i := range r.Scenarios {
		for j := range r.Scenarios[i].Runs {
			all++
			if r.Scenarios[i].Runs[j].Late {
				late++
			}
		}
	}
	if late == 0 {
		return ""
	}
	return must("late.runs", late, all)
}

func newSection(r *scenario.ResultReport) section {
	s := section{ResultReport: r}
	if r.Plan != nil {
		s.Lines = lineWords(r.Plan)
	}
	for i := range r.Rules {
		rule := &r.Rules[i]
		row := ruleRow{RuleReport: *rule, Bullet: newBullet(rule, r.Runs)}
		switch {
		case rule.Met:
			row.Verdict = "met"
		case len(rule.MissedBy) > 0:
			row.Verdict = "missed"
		}
		s.Rows = append(s.Rows, row)
	}
	order := worstFirst(r)
	s.CDF = newDistribution(r, order)
	for _, run := range order {
		if run.Timeline == nil {
			continue
		}
		t := newTimeline(r, run)
		if s.Worst == nil {
			s.Worst = &t
			s.Hops, s.HopsSeed = hopRows(run), run.Seed
			continue
		}
		s.Others = append(s.Others, t)
	}
	s.Figures = []string{
		"good_in_time", "p50", "p95", "p99", "max", "longest_stall", "stalls", "audio_gap", "sound_good",
		"broken_frames", "overhead", "main_share", "lost_on_line",
	}
	for i := range r.Runs {
		s.Table = append(s.Table, newRunRow(&r.Runs[i], s.Figures))
	}
	return s
}

// worstFirst orders runs by what went wrong in them: rules missed, frames not in
// time, p99.
func worstFirst(r *scenario.ResultReport) []*scenario.Run {
	var runs []*scenario.Run
	for i := range r.Runs {
		runs = append(runs, &r.Runs[i])
	}
	missed := func(run *scenario.Run) (n int) {
		for _, rule := range r.Rules {
			if slices.Contains(rule.MissedBy, run.Seed) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(runs, func(a, b *scenario.Run) int {
		return cmp.Or(cmp.Compare(missed(b), missed(a)),
			cmp.Compare(figure(a, "good_in_time"), figure(b, "good_in_time")),
			cmp.Compare(figure(b, "p99"), figure(a, "p99")))
	})
	return runs
}

// figure is a run's, with infinity for what never came.
func figure(r *scenario.Run, name string) float64 {
	if v := r.Figures[name]; v != nil {
		return *v
	}
	return math.Inf(1)
}

// tiles are the worst of each figure that everybody asks about, and how long was
// played.
func tiles(r *scenario.Report) (all []tile, total string) {
	runs, time := 0, 0.0
	broken, seen := 0.0, false
	worst := map[string]*extreme{"p99": {}, "good_in_time": {}, "longest_stall": {}}
	for i := range r.Scenarios {
		for j := range r.Scenarios[i].Runs {
			run := &r.Scenarios[i].Runs[j]
			if run.Failed != "" {
				continue
			}
			runs, time, seen = runs+1, time+run.Seconds, true
			broken += min(figure(run, "broken_frames"), math.MaxInt32)
			for name, e := range worst {
				e.see(r.Scenarios[i].Name, run, name)
			}
		}
	}
	total = played(time)
	if seen {
		all = append(all, worst["p99"].tile("tile.p99", "ms"), worst["good_in_time"].tile("tile.good", "ratio"),
			worst["longest_stall"].tile("tile.stall", "ms"),
			tile{Key: "tile.broken", Value: value("count", &broken), Note: must("tile.all"), Bad: broken > 0})
	}
	runsValue := float64(runs)
	return append(all, tile{Key: "tile.runs", Value: value("count", &runsValue), Note: must("tile.played", total)}), total
}

// extreme is the worst value of a figure and whose it is.
type extreme struct {
	seen     bool
	value    float64
	scenario string
	seed     uint64
}

func (e *extreme) see(name string, run *scenario.Run, fig string) {
	v := figure(run, fig)
	worse := v > e.value
	if fig == "good_in_time" {
		worse = v < e.value
	}
	if !e.seen || worse {
		*e = extreme{seen: true, value: v, scenario: name, seed: run.Seed}
	}
}

func (e *extreme) tile(key, unit string) tile {
	return tile{Key: key, Value: value(unit, scenario.Number(e.value)), Note: must("tile.in", e.scenario, e.seed)}
}

// lineWords says what the lines are like, both ways where they differ.
func lineWords(p *scenario.Plan) (all []template.HTML) {
	for i, l := range p.Lines {
		name := must("line", i+1)
		if len(p.Lines) == 1 {
			name = must("line", "")
		}
		if l.Down == l.Up {
			all = append(all, name+"\u2003"+wayWords(&l.Down))
			continue
		}
		all = append(all, name+"\u2003"+must("line.down")+" "+wayWords(&l.Down),
			name+"\u2003"+must("line.up")+" "+wayWords(&l.Up))
	}
	for _, b := range p.Beside {
		var control, until any = b.Congestion, must("beside.end")
		if b.Congestion == "" {
			control = must("beside.default")
		}
		if b.ToMs != nil {
			until = seconds(*b.ToMs)
		}
		all = append(all, must("beside", b.Flows, control, seconds(b.FromMs), until))
	}
	return all
}

// plain is a time as somebody has written it down.
func plain(ms float64) string { return short(ms, 2) + space + "ms" }

func wayWords(w *scenario.PlanWay) template.HTML {
	parts := []template.HTML{must("line.norate")}
	if w.Rate > 0 {
		parts[0] = template.HTML(rate(float64(w.Rate))) //nolint:gosec // a number
	}
	parts = append(parts, must("line.delay", plain(w.DelayMs)))
	add := func(is bool, key string, args ...any) {
		if is {
			parts = append(parts, must(key, args...))
		}
	}
	add(w.JitterMs > 0, "line.jitter", plain(w.JitterMs))
	add(w.Loss > 0 && w.Burst <= 1, "line.loss", short(100*w.Loss, 2)+space+"%")
	add(w.Loss > 0 && w.Burst > 1, "line.burst", short(100*w.Loss, 2)+space+"%", short(w.Burst, 1))
	add(w.Reorder > 0, "line.reorder", short(100*w.Reorder, 2)+space+"%")
	add(w.QueueMs > 0, "line.queue", plain(w.QueueMs))
	add(w.Steps > 0, "line.steps", w.Steps)
	add(w.Recorded, "line.recorded")
	add(w.Outages > 0, "line.outages")
	return list(parts)
}
