package fmp4

import "time"

// Silence stands in for sound that does not come, since a browser plays only what it has
// both of; so the picture is shown later by as much as the silence is behind it. But
// where silence is, sound that comes after all has no place. Some cameras send a quarter
// of a second of sound at once, most send it as it is heard: how late a camera's sound
// is, is learnt.

const (
	// patienceLeast is how far silence stays behind the picture while no sound has been
	// late: three units of Opus or AAC.
	patienceLeast = 60 * time.Millisecond
	// patienceMost bounds it: what is later than that is not waited for.
	patienceMost = 500 * time.Millisecond
	// patienceSpare is what is added to how late the sound was: half of a unit, and the
	// jitter of a camera.
	patienceSpare = 40 * time.Millisecond
	// patienceFor is how long the latest sound is remembered, at least, in media time.
	patienceFor = 20 * time.Second
)

// patience is how far silence stays behind the picture.
type patience struct {
	late, before time.Duration // the most in patienceFor, and in the one before
	since        time.Duration // when late began to be collected
}

// note takes how far a sound was behind the newest picture, whose time is shown.
func (p *patience) note(shown, late time.Duration) {
	if shown-p.since >= patienceFor || shown < p.since {
		p.before, p.late, p.since = p.late, late, shown
	}
	p.late = max(p.late, late)
}

func (p *patience) read() time.Duration {
	late := max(p.late, p.before)
	return min(max(late+patienceSpare, patienceLeast), patienceMost)
}
