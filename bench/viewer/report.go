package viewer

import (
	"slices"
	"time"

	"github.com/classrelay/classrelay/internal/quantile"
)

// Report is the truth about one viewer. Times are in milliseconds.
type Report struct {
	FramesExpected int `json:"frames_expected"`
	FramesGood     int `json:"frames_good"`
	// GoodIn300msRatio is the share (0 to 1) of the expected frames that were
	// good within TallyConfig.Limit, 300 ms unless set otherwise; 0 when none was expected.
	GoodIn300msRatio float64     `json:"good_in_300ms_ratio"`
	Latency          Percentiles `json:"latency_ms"` // of the good frames among the expected

	Stalls         int     `json:"stalls"`
	LongestStallMs float64 `json:"longest_stall_ms"`
	StalledMs      float64 `json:"stalled_ms"` // all stalls together
	WatchedMs      float64 `json:"watched_ms"` // since the first expected frame

	Broken        int `json:"broken"`         // frames that arrived damaged
	Undecodable   int `json:"undecodable"`    // whole, but one before them was not
	LayerSwitches int `json:"layer_switches"` // between main and sub stream
	// FirstFrameMs is from the viewer's first dial to its first good frame, a
	// cached one included; 0 when there was none.
	FirstFrameMs float64 `json:"first_frame_ms"`

	AudioGapMaxMs float64 `json:"audio_gap_max_ms"` // longest time without a packet of sound
	AudioExpected int     `json:"audio_expected"`   // stamped sound only: from the first to the last seen
	AudioGood     int     `json:"audio_good"`
}

// Percentiles of a set of times in milliseconds; all 0 when the set is empty.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// percentiles sorts d.
func percentiles(d []time.Duration) Percentiles {
	slices.Sort(d)
	at := func(percent int) float64 { return ms(quantile.Of(d, percent)) }
	return Percentiles{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Snapshot is what a live table shows: the last second, and the whole.
type Snapshot struct {
	Layer   string      `json:"layer"`      // of the newest good frame; empty before the first
	Good    int         `json:"good"`       // new good frames in the last second
	Latency Percentiles `json:"latency_ms"` // of those
	// SilentMs is how long ago the newest good frame arrived.
	SilentMs float64 `json:"silent_ms"`
	Whole    Report  `json:"whole"`
}
