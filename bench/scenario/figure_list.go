package scenario

// Figure is a number of a run that rules can name.
type Figure struct {
	Name string
	Unit string // ratio, ms or count
	Help string
}

// Figures returns every figure, in the order in which they are shown.
func Figures() (all []Figure) {
	for _, f := range figures {
		all = append(all, Figure{Name: f.name, Unit: f.kind.unit(), Help: f.help})
	}
	return all
}

// Missed returns the rules that a run does not keep, as they were written; none when
// the run does not count.
func (s *Scenario) Missed(r *Run) (missed []string) {
	for _, rule := range s.Rules {
		if r.counts() && !rule.Met(r.value(rule.figure.name)) {
			missed = append(missed, rule.text)
		}
	}
	return missed
}

// Text writes a figure of the run for people: never for a time that did not come, -
// for a figure that the run does not have.
func (r *Run) Text(name string) string {
	f, ok := findFigure(name)
	if _, has := r.Figures[name]; !ok || !has {
		return "-"
	}
	return f.kind.text(r.value(name))
}
