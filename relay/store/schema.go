package store

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
)

// migrations are the statements that make version n+1 of the tables out of version n.
// One that was released is never changed: a new version goes behind it.
func migrations(d dialect) [][]string {
	return [][]string{
		slices.Concat(tokenTable(), certTables(), auditTables(), d.appendOnly("audit")),
		slices.Concat(stateTable(newName()), lineTable(), recordTables(), haveTable(), refusedTable()),
	}
}

// newName names a store: 64 random bits, in hexadecimal.
func newName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
