package capacity

// Result is what a step came to. Figures that never came are null.
type Result struct {
	Step
	// MbitPerSecond left the hub towards schools: media, without headers and repair.
	MbitPerSecond *float64 `json:"mbit_per_second"`
	// HubCores is the CPU time of the hub per second, user and system.
	HubCores    *float64 `json:"hub_cores"`
	MbitPerCore *float64 `json:"mbit_per_core"`
	// HubSystemShare is how much of it was the kernel's, 0 to 1.
	HubSystemShare *float64 `json:"hub_system_share"`
	HubRSS         *int     `json:"hub_rss_bytes"`
	// RSSPerStream is what the hub's memory has grown by since there was no school,
	// divided by the streams.
	RSSPerStream *float64 `json:"hub_rss_bytes_per_stream"`
	Schools      *Seen    `json:"at_branches"` // packets
	Viewers      *Seen    `json:"at_viewers"`  // frames
	Spent        Spent    `json:"spent"`
	Limit        Limit    `json:"limit"`
	Broken       []string `json:"broken"`
	Failed       string   `json:"failed,omitempty"` // why the step could not be played
}

// measured is what the shell reads for a step.
type measured struct {
	mediaBits        float64 // to schools, those of the viewers included
	rss, rssBefore   int     // of the hub: now, and with no school
	schools, viewers *Seen
	spent            Spent
}

// figure does the sums of a step.
func figure(step Step, m *measured, rules Rules) Result {
	r := Result{Step: step, Schools: m.schools, Viewers: m.viewers, Spent: m.spent, Limit: m.spent.Limit()}
	r.Broken = rules.Broken(m.schools, m.viewers)
	if m.spent.Seconds > 0 {
		r.MbitPerSecond = new(m.mediaBits / 1e6 / m.spent.Seconds)
		r.HubCores = new(m.spent.hubCores())
	}
	if cpu := m.spent.Hub.Total(); cpu > 0 {
		r.MbitPerCore = new(m.mediaBits / 1e6 / cpu)
		r.HubSystemShare = new(m.spent.Hub.System / cpu)
	}
	if m.rss > 0 {
		r.HubRSS = new(m.rss)
		if n := step.Streams(); n > 0 && m.rssBefore > 0 {
			r.RSSPerStream = new(float64(m.rss-m.rssBefore) / float64(n))
		}
	}
	return r
}
