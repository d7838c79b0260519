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
