package compare

import (
	"fmt"
	"regexp"
	"strings"
)

// Places is what a peer's placeholders stand for in one run.
type Places struct {
	HubAddress    string // IP address of the hub's end of the line
	BranchAddress string // of the branch's end
	Camera        string // RTSP URL of the camera's main stream, at the hub
	CameraSub     string // of its sub stream
	Dir           string // a scratch folder of the run, for both ends
	Classrelay    string // path of this program
}

// named is the value of a placeholder.
func (p *Places) named(name string) (string, bool) {
	switch name {
	case "HubAddress":
		return p.HubAddress, true
	case "BranchAddress":
		return p.BranchAddress, true
	case "Camera":
		return p.Camera, true
	case "CameraSub":
		return p.CameraSub, true
	case "Dir":
		return p.Dir, true
	case "Classrelay":
		return p.Classrelay, true
	}
	return "", false
}

// placeNames is for messages.
const placeNames = "HubAddress, BranchAddress, Camera, CameraSub, Dir, Classrelay"

var placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// fill puts the values in the places of {{.Name}}.
func (p *Places) fill(s string) (string, error) {
	var unknown string
	filled := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		name, dot := strings.CutPrefix(strings.TrimSpace(m[2:len(m)-2]), ".")
		v, ok := p.named(name)
		if (!ok || !dot) && unknown == "" {
			unknown = m
		}
		return v
	})
	if unknown != "" {
		return "", fmt.Errorf("unknown placeholder %s: there are {{.Name}} with %s", unknown, placeNames)
	}
	return filled, nil
}

// fillAll fills a command.
func (p *Places) fillAll(command []string) ([]string, error) {
	filled := make([]string, len(command))
	for i, s := range command {
		var err error
		if filled[i], err = p.fill(s); err != nil {
			return nil, err
		}
	}
	return filled, nil
}
