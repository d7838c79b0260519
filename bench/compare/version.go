package compare

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// versionNumber is a word that begins like one: not the go1.26 of a build.
var versionNumber = regexp.MustCompile(`(?:^|\s)(v?\d+\.\d[\w.+-]*)`)

// version asks the peer which one it is; "unknown" when it does not tell.
func (p *Peer) version(ctx context.Context, classrelay string) string {
	if len(p.Version) == 0 {
		return ""
	}
	command, err := (&Places{Classrelay: classrelay}).fillAll(p.Version)
	if err != nil {
		return "unknown"
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Some tell it with an exit status of 1, which is as good.
	out, _ := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if number := versionNumber.FindStringSubmatch(string(out)); number != nil {
		return number[1]
	}
	// A build from a work tree has no number: then the second word, as in
	// "classrelay (devel) (go1.26)".
	if words := strings.Fields(string(out)); len(words) > 1 {
		return words[1]
	}
	return "unknown"
}
