package directory

import "github.com/classrelay/classrelay/relay/identity"

// Level orders the roles: school 0, province 3; -1 for none of them.
func Level(r identity.Role) int {
	switch r {
	case identity.School:
		return 0
	case identity.Hub:
		return 1
	case identity.City:
		return 2
	case identity.Province:
		return 3
	}
	return -1
}

// isAbove tells whether nodes of one role are over those of the other.
func isAbove(r, other identity.Role) bool { return Level(r) > Level(other) }
