package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/classrelay/classrelay/bench/scenario"
)

// The form that Jenkins, GitLab and others read: suites of cases.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Output     string          `xml:"system-out,omitempty"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// allRun is the case that fails when a scenario could not be played to its end, so
// that CI does not take what is missing for what is good.
const allRun = "every seed was run"

// WriteJUnit writes a suite per scenario and a case per rule. A rule that was missed
// is a failure, one that no run counts for is skipped, and a scenario that was not
// played with all seeds has an error.
func WriteJUnit(w io.Writer, r *scenario.Report) error {
	rep := junitReport{Name: "classrelay bench run"}
	total := 0.0
	for i := range r.Scenarios {
		s, time := junitOf(&r.Environment, &r.Scenarios[i])
		rep.Tests, rep.Failures = rep.Tests+s.Tests, rep.Failures+s.Failures
		rep.Errors, rep.Skipped = rep.Errors+s.Errors, rep.Skipped+s.Skipped
		rep.Suites, total = append(rep.Suites, s), total+time
	}
	rep.Time = short(total, 3)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(&rep); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitOf(env *scenario.Environment, s *scenario.ResultReport) (suite junitSuite, time float64) {
	suite = junitSuite{
		Name: s.Name, Timestamp: env.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"title", s.Title},
			{"version", env.Version},
			{"seeds", strconv.Itoa(s.Seeds)},
			{"command", strings.Join(env.Command, " ")},
		},
	}
	class := "classrelay.bench." + s.Name
	counting := 0
	var notes, lacking []string
	for i := range s.Runs {
		run := &s.Runs[i]
		time += run.Seconds
		switch {
		case run.Failed != "":
			lacking = append(lacking, fmt.Sprintf("seed %d could not run: %s", run.Seed, run.Failed))
		case run.Interrupted:
			lacking = append(lacking, fmt.Sprintf("seed %d was interrupted", run.Seed))
		default:
			counting++
		}
		if run.Late {
			notes = append(notes, fmt.Sprintf("seed %d: the emulator was late, the figures mean little", run.Seed))
		}
	}
	suite.Time, suite.Output = short(time, 3), strings.Join(notes, "\n")
	for i := range s.Rules {
		suite.add(ruleCase(class, &s.Rules[i]))
	}
	all := junitCase{Class: class, Name: allRun, Time: "0"}
	if counting < s.Seeds {
		all.Error = &junitMessage{
			Message: fmt.Sprintf("%d of %d seeds were run", counting, s.Seeds), Text: strings.Join(lacking, "\n"),
		}
	}
	suite.add(all)
	return suite, time
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func ruleCase(class string, rule *scenario.RuleReport) junitCase {
	c := junitCase{Class: class, Name: rule.Rule, Time: "0"}
	plain := func(v *float64) string {
		if v == nil {
			return "never"
		}
		return strings.ReplaceAll(number(rule.Unit, *v), space, " ")
	}
	switch {
	case rule.Met:
	case len(rule.MissedBy) == 0:
		c.Skipped = &junitMessage{Message: "no run counts"}
	default:
		seeds := strings.ReplaceAll(strings.Trim(fmt.Sprint(rule.MissedBy), "[]"), " ", ", ")
		c.Failure = &junitMessage{
			Message: fmt.Sprintf("%s: the worst is %s", rule.Rule, plain(rule.Worst)),
			Text:    fmt.Sprintf("worst %s, median %s, missed by seed %s", plain(rule.Worst), plain(rule.Median), seeds),
		}
	}
	return c
}
