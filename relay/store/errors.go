package store

import "errors"

// What callers tell apart. The errors of this package wrap them with what was done
// and what to do next.
var (
	// ErrNoStore: there is no database where one was expected.
	ErrNoStore = errors.New("there is no store")
	// ErrDamaged: the database does not hold together.
	ErrDamaged = errors.New("the store is damaged")
	// ErrNewer: a newer classrelay has changed the database since.
	ErrNewer = errors.New("the store was made by a newer classrelay")
	// ErrFull: no room on the disk. Nothing was written; reading goes on.
	ErrFull = errors.New("the disk is full")
	// ErrBusy: another process held the database for longer than busyTimeout.
	ErrBusy = errors.New("the store is busy")

	// ErrNoToken: nobody made this token here.
	ErrNoToken = errors.New("unknown token")
	// ErrTokenExpired: the token was not used in its time.
	ErrTokenExpired = errors.New("the token has expired")
	// ErrTokenUsed: somebody has joined with the token already.
	ErrTokenUsed = errors.New("the token was used already")

	// ErrNoCert: no certificate of this node was given out here.
	ErrNoCert = errors.New("no such certificate")
)
