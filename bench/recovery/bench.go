package recovery

// The schemes that are compared.
const (
	Planned     = "planned"
	NACK        = "NACK at once"
	ParityNACK  = "20% parity + NACK"
	frameParity = 0.2
)

// Run sends frames frames over the link of every cell with every scheme, all
// from the same seed, and returns the rows in this order.
func Run(cells []Cell, frames int, seed uint64) ([]Row, error) {
	var rows []Row
	for _, cell := range cells {
		schemes := []struct {
			name string
			s    scheme
		}{
			{Planned, newPlanned(cell)},
			{NACK, newNACK(cell, 0)},
			{ParityNACK, newNACK(cell, frameParity)},
		}
		for _, s := range schemes {
			row, err := simulate(cell, s.s, frames, seed)
			if err != nil {
				return nil, err
			}
			row.Scheme = s.name
			rows = append(rows, row)
		}
	}
	return rows, nil
}
