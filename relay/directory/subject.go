package directory

import (
	"errors"
	"strings"

	"github.com/classrelay/classrelay/relay/identity"
)

// The subjects of the bus. Each begins with what may write it, and with who that is, so
// that what came on it is known to be from there: the engine gives nobody the right to
// another one's subjects, and certificates say who is a school and who a machine.
//
//	school.COUNTY.NODE.ann      a school's full list, to the hub machines of its county
//	school.COUNTY.NODE.where    a question, answered by one hub machine
//	machine.COUNTY.NODE.…       the same of a hub machine, or one of a city or a province
//	hub.COUNTY.NODE.sum         lists of a county for the level above, in whose bus this is
//	city.COUNTY.NODE.sum        the same of a city, which may tell of several counties
//	hub.….where, city.….where   questions to the level above
//
// A node's name may have dots in it, which separate the parts of a subject: they are
// written as '~', which no name has.

// The first parts of subjects.
const (
	bySchool  = "school"
	byMachine = "machine"
	fromHub   = "hub"
	fromCity  = "city"
)

// within is what a node writes on in its own county.
func within(r identity.Role) string {
	if r == identity.School {
		return bySchool
	}
	return byMachine
}

// upwards is what a machine writes on at the level above.
func upwards(r identity.Role) string {
	if r == identity.Hub {
		return fromHub
	}
	return fromCity
}

// token is a name as a part of a subject.
func token(name string) string { return strings.ReplaceAll(name, ".", "~") }

func untoken(part string) string { return strings.ReplaceAll(part, "~", ".") }

// subject joins its parts; the names among them may have dots.
func subject(kind string, id ID, what string) string {
	return kind + "." + token(id.County) + "." + token(id.Name) + "." + what
}

// all is the pattern for that subject of every node of a county; of all counties where
// it is empty.
func all(kind, county, what string) string {
	if county == "" {
		return kind + ".*.*." + what
	}
	return kind + "." + token(county) + ".*." + what
}

// writer is what may write on a subject, and the node that may.
func writer(subject string) (kind string, id ID, err error) {
	parts := strings.Split(subject, ".")
	if len(parts) < 4 {
		return "", ID{}, errors.New("the subject names no node")
	}
	return parts[0], ID{untoken(parts[1]), untoken(parts[2])}, nil
}

// Rights are the subjects that a node may write and listen to, as patterns: "*" is any
// one part and ">" any rest.
type Rights struct{ Write, Listen []string }

// RightsOf are those of a node that attaches to the bus of its county: to speak for
// itself, and to hear the answers to its questions.
func RightsOf(id ID, r identity.Role) Rights {
	return Rights{
		Write:  []string{subject(within(r), id, ">")},
		Listen: []string{Inbox(id) + ".>"},
	}
}

// RightsBelow are those of the machines of a county, or of a city, at the level above it.
func RightsBelow(county string, r identity.Role) Rights {
	return Rights{
		Write:  []string{upwards(r) + "." + token(county) + ".>"},
		Listen: []string{"_INBOX." + token(county) + ".>"},
	}
}

// Inbox is where a node hears answers. It is its own, so that nobody listens to those of
// others.
func Inbox(id ID) string { return "_INBOX." + token(id.County) + "." + token(id.Name) }

// Sums is the subject on which a machine tells the level above what it has.
func Sums(id ID, r identity.Role) string { return subject(upwards(r), id, "sum") }
