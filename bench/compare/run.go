package compare

import (
	"math"

	"github.com/classrelay/classrelay/bench/viewer"
)

// Run is one peer in one scenario with one seed. Times are in milliseconds, shares
// from 0 to 1.
type Run struct {
	Scenario string        `json:"scenario"`
	Peer     string        `json:"peer"`
	Seed     uint64        `json:"seed"`
	Viewer   viewer.Report `json:"viewer"`
	Seconds  float64       `json:"seconds"` // after the first picture
	// Broken are frames handed to the viewer that cannot be decoded whole.
	Broken int `json:"broken_frames"`
	// MainShare is the time on the camera's main stream with the picture moving.
	MainShare float64 `json:"main_share"`
	// LineMbit is what was given to the line on the way down, headers and what was
	// lost included; MediaMbit is what the main stream's pictures were meanwhile.
	LineMbit  float64 `json:"line_mbit_s"`
	MediaMbit float64 `json:"media_mbit_s"`
	// HubCPU and BranchCPU are in processors: 0.05 is a twentieth of one. Null: there
	// is no program.
	HubCPU    *float64 `json:"hub_cpu"`
	BranchCPU *float64 `json:"branch_cpu"`
	Lost      float64  `json:"lost_on_line"`     // of the packets on the way down
	TCP       string   `json:"tcp"`              // congestion control at the hub
	LateP99Ms float64  `json:"line_late_p99_ms"` // the emulator's own error
	Overrun   uint64   `json:"line_overrun"`     // packets the emulator lost itself
	// Late says that the emulator was late, or lost packets itself: the figures say
	// little about the peer.
	Late bool `json:"line_late"`
	// Repeated says that an earlier try was late, too.
	Repeated    bool   `json:"repeated"`
	Interrupted bool   `json:"interrupted"`
	Failed      string `json:"failed,omitempty"` // why there is no result
}

// counts tells whether the run says something about the peer.
func (r *Run) counts() bool { return !r.Interrupted && r.Failed == "" }

// seen is a time of the viewer's, never when it saw no good frame.
func (r *Run) seen(ms float64) float64 {
	if r.Viewer.FramesGood == 0 {
		return never
	}
	return ms
}

// never is a time that did not come.
var never = math.Inf(1) //nolint:gochecknoglobals // a constant, which the language does not let it be
