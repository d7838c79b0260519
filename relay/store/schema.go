package store

import "slices"

// migrations are the statements that make version n+1 of the tables out of version n.
// One that was released is never changed: a new version goes behind it.
func migrations(d dialect) [][]string {
	return [][]string{
		slices.Concat(tokenTable(), certTables(), auditTables(), d.appendOnly("audit")),
	}
}
