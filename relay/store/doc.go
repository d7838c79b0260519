// Package store is the record of truth of a county: what must not be lost when a
// machine loses its power, and what a machine goes on with while it is cut off.
//
// It is one file of SQLite on each machine (or a PostgreSQL, for a province), and
// holds
//
//   - tokens: the one-time codes that let a new machine in, as hashes;
//   - certificates that were given out here, and the serials nobody may use any more;
//   - the audit log: who did what, append-only and hash-chained;
//   - records: schools, rooms, cameras, classes and their like, each with one owner.
//
// What comes and goes by itself, streams, presence and load, is not here: nodes
// announce it every few seconds, and it heals without a disk.
//
// # What a commit means
//
// A method that changes something and returns nil has its rows on the disk: SQLite
// in WAL mode with synchronous=FULL has called fsync. A method that returns an error
// changed nothing. A full disk, a lost race or a context that ended is such an error;
// reading goes on.
//
// # Files
//
// classrelay.db is the database, with -wal and -shm beside it while it is open;
// classrelay.db.lock tells who has it open; classrelay.db.key seals the passwords in
// it. All are for their owner only (0600). The key is not in the database: a copy of
// the database alone opens no camera. Open checks the whole file; a damaged one is
// moved aside as classrelay.db.damaged-TIME and a new one begins, which says so in
// its audit log and has what could be read of the certificates and revocations.
//
// Several processes may have the file open: the commands of the program work on the
// state folder beside a running node.
package store
