package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is this test's own binary, made into a program that says a word and then waits
// or ends.
func program(t *testing.T, does string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProgram$") // Stop ends it
	cmd.Env = append(os.Environ(), "PROGRAM="+does)
	return cmd
}

// TestProgram is no test but what program starts.
func TestProgram(t *testing.T) {
	switch os.Getenv("PROGRAM") {
	case "":
		t.Skip("a program for the other tests")
	case "ends":
		_, _ = os.Stdout.WriteString("no room for me\n")
		os.Exit(3)
	case "waits":
		_, _ = os.Stdout.WriteString("here\n")
		time.Sleep(time.Hour)
	}
}

func TestWhoEndsByItselfIsSaidWithLastWords(t *testing.T) {
	p, err := Start("the hub", filepath.Join(t.TempDir(), "log"), program(t, "ends"))
	if err != nil {
		t.Fatal(err)
	}
	<-p.ended
	err = p.Alive()
	if !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "the hub") || !strings.Contains(err.Error(), "no room for me") {
		t.Errorf("it says %v", err)
	}
	p.Stop() // harmless
}

func TestStopAndKillEndAProgram(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	for _, end := range []func(*Process){(*Process).Stop, (*Process).Kill} {
		p, err := Start("school", log, program(t, "waits"))
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			if text, _ := os.ReadFile(log); strings.HasSuffix(string(text), "here\n") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("it says nothing")
			}
		}
		if err := p.Alive(); err != nil {
			t.Errorf("at work: %v", err)
		}
		end(p)
		if err := p.Alive(); !errors.Is(err, ErrEnded) {
			t.Errorf("afterwards: %v", err)
		}
		if err := os.WriteFile(log, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	_, err := Start("the hub", filepath.Join(t.TempDir(), "log"), exec.Command("/nowhere/classrelay"))
	if err == nil || !strings.Contains(err.Error(), "start the hub") {
		t.Errorf("%v", err)
	}
}
