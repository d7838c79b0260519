package soak

// Window is what was seen in a few seconds. What was not measured is null.
type Window struct {
	At float64 `json:"at_s"` // its end, in seconds since the first picture

	Frames int `json:"frames"`  // expected in this window
	Good   int `json:"good"`    // of these, decodable
	InTime int `json:"in_time"` // of these, within 300 ms

	P50          *float64 `json:"p50_ms"` // latency of the good frames
	P99          *float64 `json:"p99_ms"`
	LongestStall float64  `json:"longest_stall_ms"`
	Broken       int      `json:"broken"`
	Viewers      int      `json:"viewers"` // at its end, the steady one included

	Process
}

// Process is what the operating system and the runtime know about this process.
type Process struct {
	RSS         *float64 `json:"rss_mb"`
	Heap        *float64 `json:"heap_mb"` // alive at the last garbage collection
	Goroutines  *float64 `json:"goroutines"`
	Descriptors *float64 `json:"fds"`
}

// The series that slopes are about.
func (w *Window) medianLatency() *float64 { return w.P50 }
func (w *Window) highLatency() *float64   { return w.P99 }
func (w *Window) rss() *float64           { return w.RSS }
func (w *Window) heap() *float64          { return w.Heap }
func (w *Window) goroutines() *float64    { return w.Goroutines }
func (w *Window) descriptors() *float64   { return w.Descriptors }
