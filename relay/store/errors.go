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

	// ErrNoRecord: there is no such record here.
	ErrNoRecord = errors.New("no such record")
	// ErrNotWriter: the county's records are changed on another machine.
	ErrNotWriter = errors.New("this machine is not the writer of the county")
	// ErrNotOwner: somebody else owns the record.
	ErrNotOwner = errors.New("the record belongs to somebody else")
	// ErrNoSecret: the mask was written where there is no secret to keep.
	ErrNoSecret = errors.New("there is no secret to keep")
	// ErrSealed: a secret cannot be opened with the keys that are here.
	ErrSealed = errors.New("the secret cannot be opened")

	// ErrBehind: who asks, or another machine of the county, knows newer records than
	// this machine has. Ask another one.
	ErrBehind = errors.New("this machine is behind")
	// ErrOldEpoch: the change comes from a machine that has been replaced as the writer.
	ErrOldEpoch = errors.New("the change is from an old epoch")
	// ErrGap: the change does not begin where this machine is. Ask again.
	ErrGap = errors.New("the change does not fit")
	// ErrOtherCounty: the records that came have nothing in common with those that are
	// here.
	ErrOtherCounty = errors.New("the records are those of another county")
	// ErrWrongSlice: the machine has another school's slice, or has one where all is
	// needed.
	ErrWrongSlice = errors.New("this machine has another slice")

	// ErrNoCert: no certificate of this node was given out here.
	ErrNoCert = errors.New("no such certificate")
)
