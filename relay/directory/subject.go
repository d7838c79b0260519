package directory

import (
	"errors"
	"strings"
)

// The subjects of the bus. Each begins with who may write it and names that node, so that
// what came on it is known to be from there: the engine gives nobody the right to another
// one's subjects.
//
//	node.COUNTY.NODE.ann    a node's full list, to the hub machines of its county
//	node.COUNTY.NODE.where  a question, answered by one hub machine
//	node.COUNTY.NODE.ask    a question of another part of the node, such as the store's
//	up.COUNTY.NODE.sum      lists for the level above, in whose bus this is
//	up.COUNTY.NODE.where    a question to the level above
//	to.COUNTY.NODE.hint     a word to one node, such as "there is a new revision"
//
// A node's name may have dots in it, which separate the parts of a subject: they are
// written as '~', which no name has.

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

// writer is the node that may write on a subject.
func writer(subject string) (ID, error) {
	parts := strings.Split(subject, ".")
	if len(parts) < 4 {
		return ID{}, errors.New("the subject names no node")
	}
	return ID{untoken(parts[1]), untoken(parts[2])}, nil
}

// Rights are the subjects that a node may write and listen to, as patterns: "*" is any
// one part and ">" any rest.
type Rights struct{ Write, Listen []string }

// RightsOf are those of a node that attaches to the bus of its county: to speak for
// itself, and to hear what is meant for it.
func RightsOf(id ID) Rights {
	return Rights{
		Write:  []string{"node." + token(id.County) + "." + token(id.Name) + ".>"},
		Listen: []string{"to." + token(id.County) + "." + token(id.Name) + ".>", Inbox(id) + ".>"},
	}
}

// RightsBelow are those of the machines of a county, or of a city, at the level above it.
func RightsBelow(county string) Rights {
	return Rights{
		Write:  []string{"up." + token(county) + ".>"},
		Listen: []string{"to." + token(county) + ".>", "_INBOX." + token(county) + ".>"},
	}
}

// Inbox is where a node hears answers. It is its own, so that nobody listens to those of
// others.
func Inbox(id ID) string { return "_INBOX." + token(id.County) + "." + token(id.Name) }

// Sums is the subject on which a machine tells the level above what it has.
func Sums(id ID) string { return subject("up", id, "sum") }
