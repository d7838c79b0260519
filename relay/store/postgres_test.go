package store

import (
	"database/sql"
	"fmt"
	neturl "net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// postgresURL names a database in which the tests may make schemas, such as
// postgres://postgres@/classrelay?host=/run/postgresql; empty: without PostgreSQL.
const postgresURL = "CLASSRELAY_POSTGRES"

var schemas atomic.Int64

// openPostgres opens a store in a schema of its own.
func openPostgres(t *testing.T) *Store {
	t.Helper()
	url := os.Getenv(postgresURL)
	admin, err := sql.Open("pgx", url)
	must(t, err)
	defer func() { must(t, admin.Close()) }()
	schema := fmt.Sprintf("classrelay_test_%d_%d", time.Now().UnixNano(), schemas.Add(1))
	_, err = admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	must(t, err)

	in, err := neturl.Parse(url)
	must(t, err)
	q := in.Query()
	q.Set("search_path", schema)
	in.RawQuery = q.Encode()
	db, err := sql.Open("pgx", in.String())
	must(t, err)
	s, err := OpenPostgres(t.Context(), db, t.TempDir())
	must(t, err)
	t.Cleanup(func() {
		if _, err := s.write.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
