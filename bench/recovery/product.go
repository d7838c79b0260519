package recovery

// Product sends frames frames over the link of a cell with the product's own
// repair alone.
func Product(cell Cell, frames int, seed uint64) (Row, error) {
	row, err := simulate(cell, newPlanned(cell), frames, seed)
	row.Scheme = Planned
	return row, err
}
