package store

import (
	"context"
	"database/sql"
)

// dialect is all that differs between SQLite and PostgreSQL. Everything else is SQL
// that both understand: parameters are $1, $2; texts, times (as milliseconds) and
// truth values (as 0 and 1) have columns of type TEXT and BIGINT, hashes are
// hexadecimal.
type dialect struct {
	// begin runs at the beginning of each transaction that writes, and makes them one
	// after the other. Empty: the driver has seen to it.
	begin string
	// snapshot begins a transaction that reads one state from first to last.
	snapshot *sql.TxOptions
	// appendOnly gives statements after which a table refuses UPDATE and DELETE.
	appendOnly func(table string) []string
	// check reads the whole database and fails with ErrDamaged.
	check func(context.Context, *sql.DB) error
	// explain turns an error of the driver into one of this package, where it can.
	explain func(error) error
}
