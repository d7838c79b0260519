package county

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/classrelay/classrelay/bench/strict"
)

// Morning is the script that is played when there is no other.
//
//go:embed morning.yaml
var Morning []byte

// The file as it is written.
type (
	document struct {
		Title string     `yaml:"title"`
		Steps []stepText `yaml:"steps"`
	}
	stepText struct {
		Main  string `yaml:"main"`
		Cut   string `yaml:"cut"`
		Kill  string `yaml:"kill"`
		For   string `yaml:"for"`
		Limit string `yaml:"limit"`
	}
)

// Deed is what a step does.
type Deed string

// The deeds.
const (
	Main Deed = "main" // a school becomes the main school; everybody else watches it
	Cut  Deed = "cut"  // every line of a place carries nothing for a while
	Kill Deed = "kill" // a node ends as by kill -9, and starts again after a while
)

// Step is one thing that happens.
type Step struct {
	Deed  Deed
	Place string        // the school, the line's lower end, or the node
	For   time.Duration // how long the trouble lasts
	Limit time.Duration // how soon the picture has to be back everywhere
}

// Script is a morning.
type Script struct {
	Title string
	Steps []Step
}

// The limits where the script has none: those of the product.
const (
	limitOpen = 2 * time.Second         // of the first step: no camera runs yet, and every player is new
	limitMain = time.Second             // first picture of a new main school
	limitCut  = 2 * time.Second         // after the line is back
	limitKill = 1500 * time.Millisecond // after the hub has died
)

// Parse reads a script whose places are those of a county with so many schools; name
// stands for the file in messages. Its errors are of type *strict.Error.
func Parse(name string, data []byte, schools int) (*Script, error) {
	var doc document
	file, err := strict.Read(name, data, &doc)
	if err != nil {
		return nil, err
	}
	if len(doc.Steps) == 0 {
		file.Fail("$.steps", "there is none")
	}
	s := &Script{Title: doc.Title}
	for i := range doc.Steps {
		if i == 0 && doc.Steps[i].Limit == "" {
			doc.Steps[i].Limit = limitOpen.String()
		}
		s.Steps = append(s.Steps, step(file, fmt.Sprintf("$.steps[%d]", i), &doc.Steps[i], schools))
	}
	if file.Err() == nil && s.Steps[0].Deed != Main {
		file.Fail("$.steps[0]", "the first step says who is the main school: main: school-1")
	}
	return s, file.Err()
}

// step reads one; what is wrong goes to the file.
func step(file *strict.File, at string, t *stepText, schools int) Step {
	var s Step
	deeds := []struct {
		deed  Deed
		place string
		limit time.Duration
	}{{Main, t.Main, limitMain}, {Cut, t.Cut, limitCut}, {Kill, t.Kill, limitKill}}
	found := 0
	for _, d := range deeds {
		if d.place == "" {
			continue
		}
		found++
		s = Step{Deed: d.deed, Place: d.place, Limit: d.limit}
		switch {
		case isSchool(d.place, schools):
		case d.deed == Main:
			file.Fail(at+".main", fmt.Sprintf("%q is not a school of this county: school-1 to school-%d", d.place, schools))
		case !isHub(d.place) && d.place != city:
			file.Fail(at+"."+string(d.deed), fmt.Sprintf("%q is none of school-1 to school-%d, %s, %s and %s",
				d.place, schools, hubA, hubB, city))
		}
	}
	if found != 1 {
		file.Fail(at, "a step has one of main, cut and kill")
	}
	s.For = span(file, at+".for", t.For, 3*time.Second)
	s.Limit = span(file, at+".limit", t.Limit, s.Limit)
	return s
}

// span reads a time; empty is otherwise.
func span(file *strict.File, at, text string, otherwise time.Duration) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		file.Fail(at, fmt.Sprintf("%q is no time, as 3s or 1500ms", text))
	}
	return d
}
