package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The tables of records, and what their keys are made of.
const (
	TableSchool    = "school"    // SCHOOL
	TableRoom      = "room"      // SCHOOL/ROOM
	TableCamera    = "camera"    // SCHOOL/ROOM/CAMERA
	TableLAN       = "lan"       // SCHOOL/SETTING: what a school sets for its own network
	TableClass     = "class"     // CLASS
	TableMember    = "member"    // CLASS/SCHOOL: that school takes part in that class
	TableTimetable = "timetable" // CLASS/ENTRY
	TableSession   = "session"   // CLASS/SESSION
	TableCounty    = "county"    // SETTING: what every machine of the county knows
	TableUser      = "user"      // NAME: stays on the hub machines
)

// The levels that own records.
const (
	OwnerCounty = "county" // written by the county's writer only
	OwnerSchool = "school" // written at the school whose name is in the key
)

// everyone is in the column school of what every machine gets.
const everyone = "*"

// table is what is known about one kind of record.
type table struct {
	name    string
	key     []part
	school  bool     // a school may own such records
	secrets []string // keys of the row whose value is sealed
}

// part says what one part of a key is. It decides who gets the record.
type part int

const (
	partName   part = iota // tells records apart
	partSchool             // a school: it gets the record
	partClass              // a class: every school that takes part gets the record
	partAll                // a name, and everyone gets the record
)

// tables are the kinds of records there are. A new one is a line here: machines that do
// not know it yet keep and hand on its records like any other.
func tables() []table {
	return []table{
		{name: TableSchool, key: []part{partSchool}},
		{name: TableRoom, key: []part{partSchool, partName}},
		{
			name: TableCamera, key: []part{partSchool, partName, partName}, school: true,
			secrets: []string{"password", "sub_password", "snapshot_password"}, // an address each
		},
		{name: TableLAN, key: []part{partSchool, partName}, school: true, secrets: []string{"password"}},
		{name: TableClass, key: []part{partClass}},
		{name: TableMember, key: []part{partClass, partSchool}},
		{name: TableTimetable, key: []part{partClass, partName}},
		{name: TableSession, key: []part{partClass, partName}},
		{name: TableCounty, key: []part{partAll}},
		{name: TableUser, key: []part{partName}, secrets: []string{"password", "digest", "totp"}},
	}
}

func tableNamed(name string) (table, error) {
	for _, t := range tables() {
		if t.name == name {
			return t, nil
		}
	}
	return table{}, fmt.Errorf("there is no table %q of records", name)
}

// reach says whose a record is: school is everyone's mark, a school, or empty; class is
// the class that it belongs to, or empty. Both empty: it stays on the hub machines.
type reach struct{ school, class string }

// longestKey holds a county's longest names with room to spare, and keeps what a
// stranger makes us store small.
const longestKey = 200 // bytes

// reach reads a key.
func (t *table) reach(key string) (r reach, err error) {
	parts := strings.Split(key, "/")
	if len(parts) != len(t.key) || len(key) > longestKey {
		return r, fmt.Errorf("%s %q: its key has %d parts, at most %d bytes", t.name, key, len(t.key), longestKey)
	}
	for i, p := range parts {
		if p == "" || p == everyone || !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) {
			return r, fmt.Errorf("%s %q: part %d of its key is no name", t.name, key, i+1)
		}
		switch t.key[i] {
		case partSchool:
			r.school = p
		case partClass:
			r.class = p
		case partAll:
			r.school = everyone
		case partName:
		}
	}
	return r, nil
}
