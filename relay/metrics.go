package relay

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/classrelay/classrelay/fanout"
	"github.com/classrelay/classrelay/internal/quantile"
	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/rtsp"
	"github.com/classrelay/classrelay/roq"
)

// collector turns a node's status into Prometheus metrics when it is scraped. It
// reads copies that the links publish once a second, so a scrape never waits for
// the media path. Labels are feed, layer and link (the peer's node name); never a
// client's address.
type collector struct{ node *Node }

// metric is one line of the tables below.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("classrelay_"+name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("classrelay_"+name, help, labels, nil), prometheus.GaugeValue}
}

// Describe implements prometheus.Collector. It sends nothing: which metrics there
// are depends on the feeds and links of the moment.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	st := c.node.Status()
	out := func(m metric, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...)
	}
	out(gauge("start_time_seconds", "When the node started, in Unix time."), float64(st.Since.Unix()))
	out(gauge("links", "Links that are up."), float64(len(st.Links)))
	for i := range st.Feeds {
		feedMetrics(out, &st.Feeds[i])
	}
	for i := range st.Links {
		linkMetrics(out, &st.Links[i])
		steeringMetrics(out, &st.Links[i])
	}
	playerMetrics(out, st.Players)
	gateMetrics(out, c.node.Gate())
}

// gateMetrics are the attempts of others to connect.
func gateMetrics(out emit, g roq.GateStats) {
	out(counter("handshakes_total", "Handshakes that others began with this node."), float64(g.Begun))
	out(counter("handshakes_failed_total", "Those of them that came to nothing."), float64(g.Failed))
	out(counter("handshakes_retried_total", "Attempts that had to show where they come from first."), float64(g.Retried))
	out(counter("handshakes_turned_away_total", "Attempts without a handshake: too many, or a host that failed often."),
		float64(g.TurnedAway))
}

type emit func(m metric, v float64, labels ...string)

func feedMetrics(out emit, f *FeedStatus) {
	id := string(f.ID)
	out(gauge("feed_online", "1 while the feed's source delivers, or would on demand.", "feed"), truth(f.Online), id)
	out(gauge("feed_hops", "Nodes the feed has come through.", "feed"), float64(len(f.Path)), id)
	out(gauge("feed_clock_error_seconds",
		"Bound on the error of capture times: what the time exchanges along the path could not tell.", "feed"),
		f.ClockError.Seconds(), id)
	for l := range f.Layers {
		ly, name := &f.Layers[l], media.Layer(l).String()
		if ly.Track == nil && ly.Stats.Packets == 0 {
			continue
		}
		labels := []string{id, name}
		out(gauge("feed_interest", "Viewers and links that want the layer.", "feed", "layer"), float64(ly.Interest),
			labels...)
		out(counter("feed_packets_total", "Packets that came in.", "feed", "layer"), float64(ly.Stats.Packets), labels...)
		out(counter("feed_bytes_total", "Bytes that came in.", "feed", "layer"), float64(ly.Stats.Bytes), labels...)
		out(counter("feed_frames_total", "Frames that came in.", "feed", "layer"), float64(ly.Stats.Frames), labels...)
		out(counter("feed_key_frames_total", "Key frames that came in.", "feed", "layer"),
			float64(ly.Stats.KeyFrames), labels...)
		out(counter("feed_skipped_packets_total", "Packets that slow readers on this node lost.", "feed", "layer"),
			float64(ly.Stats.Skipped), labels...)
	}
	for _, c := range f.Cameras {
		cameraMetrics(out, id, &c)
	}
}

func cameraMetrics(out emit, id string, c *CameraStatus) {
	labels := []string{id, c.Layer.String()}
	out(gauge("camera_running", "1 while the camera's stream plays.", "feed", "stream"),
		truth(c.State.Phase.String() == "running"), labels...)
	out(counter("camera_sessions_total", "How often the camera's stream has begun to play.", "feed", "stream"),
		float64(c.State.Sessions), labels...)
	var lost, broken, jumps uint64
	for l := range c.Stats {
		lost += c.Stats[l].PacketsLost
		broken += c.Stats[l].FramesBroken + c.Stats[l].FramesSkipped
		jumps += c.Stats[l].Jumps
	}
	out(counter("camera_lost_packets_total", "Packets lost between camera and node.", "feed", "stream"), float64(lost),
		labels...)
	out(counter("camera_dropped_frames_total", "Frames from the camera that could not be decoded and were dropped.",
		"feed", "stream"), float64(broken), labels...)
	out(counter("camera_clock_jumps_total", "Times the camera's clock jumped.", "feed", "stream"), float64(jumps),
		labels...)
}

func linkMetrics(out emit, l *LinkStatus) {
	p := l.Peer
	out(gauge("link_up_since_seconds", "When the link came up, in Unix time.", "link"), float64(l.Since.Unix()), p)
	out(gauge("link_rtt_seconds", "Smoothed round trip of the connection.", "link"), l.Path.SmoothedRTT.Seconds(), p)
	out(gauge("link_rtt_min_seconds", "Shortest round trip of the connection.", "link"), l.Path.MinRTT.Seconds(), p)
	if l.Clock.Known {
		out(gauge("link_clock_offset_seconds", "The peer's clock minus this node's.", "link"), l.Clock.Offset.Seconds(), p)
		out(gauge("link_clock_error_seconds", "Bound on the error of the offset.", "link"),
			l.Clock.Uncertainty.Seconds(), p)
	}
	out(gauge("link_queue_bytes", "Bytes waiting to be sent.", "link"), float64(l.Down.Queued), p)
	out(gauge("link_queue_age_seconds", "Age of the oldest frame waiting.", "link"), l.Down.QueueAge.Seconds(), p)
	out(counter("link_sent_packets_total", "Media packets sent.", "link"), float64(l.Down.Sent), p)
	out(counter("link_sent_bytes_total", "Media bytes sent.", "link"), float64(l.Down.Bytes), p)
	out(counter("link_dropped_frames_total", "Frames dropped before sending because they were too old.", "link"),
		float64(l.Down.Dropped.Frames), p)
	out(counter("link_quic_lost_packets_total", "QUIC packets the peer did not get.", "link"), float64(l.Path.Lost), p)
	out(counter("link_local_drops_total",
		"Packets dropped on this node after the pacer or before the loop; never network loss.",
		"link"), float64(l.Session.Writer.Expired+l.Session.Reader.Overflow+l.Session.Flows.Overflow), p)
	for i := range l.In {
		flowMetrics(out, p, &l.In[i])
	}
}

// steeringMetrics tell what the sending side knows of the link and does about it.
func steeringMetrics(out emit, l *LinkStatus) {
	p, path, sig := l.Peer, &l.Down.Path, &l.Down.Path.Signals
	out(gauge("link_pace_bits", "Rate at which packets are let go, bit/s.", "link"), path.Pace, p)
	out(gauge("link_loss_ratio", "Share of packets that the link loses, of the last few thousand.", "link"), path.Loss, p)
	out(gauge("link_loss_burst_packets", "Mean length of a burst of loss.", "link"), path.Burst, p)
	out(gauge("link_queue_delay_seconds", "Delay that stands in front of every packet on the link.", "link"),
		sig.Queue.Seconds(), p)
	out(gauge("link_capacity_bits", "What the link carries in all as far as seen, bit/s.", "link"), sig.Capacity, p)
	out(gauge("link_train_bits", "How fast the link takes a burst, bit/s; 0 when none was seen of late.", "link"),
		sig.Train, p)
	if sig.Phi.Known {
		out(gauge("link_others_ratio", "Share of the queue that others fill.", "link"), sig.Phi.Value, p)
	}
	out(gauge("link_level", "Rung of the ladder of layers that the link carries; 0 is sound only.", "link"),
		float64(path.Level), p)
	out(counter("link_level_changes_total", "Times that what the link carries was changed.", "link"),
		float64(path.Switches), p)
	out(gauge("link_blackout", "1 while nothing comes back from the peer.", "link"), truth(path.Blackout), p)
	out(counter("link_repair_bytes_total", "Bytes of parity sent.", "link"), float64(l.Down.Parity), p)
	out(counter("link_padding_bytes_total", "Bytes of padding sent to probe the link.", "link"),
		float64(l.Down.Padding), p)
	rows := func(why string, n uint64) {
		out(counter("link_repair_rows_total", "Rows of parity, by why they were sent or not.", "link", "why"), float64(n),
			p, why)
	}
	rows("with_the_frame", l.Down.Repair.Proactive)
	rows("asked_for", l.Down.Repair.OnDemand)
	rows("asked_for_late", l.Down.Repair.Late)
	rows("withheld", l.Down.Repair.Withheld)
	for _, f := range l.Out {
		if f.Active {
			out(gauge("link_layer_since_seconds", "Since when the layer has been sent, in Unix time.",
				"link", "feed", "layer"),
				float64(f.Since.Unix()), p, string(f.Feed), f.Layer.String())
		}
	}
}

// playerMetrics sum up over the players of a feed: who they are is nobody's
// business here.
func playerMetrics(out emit, players []rtsp.PlayerStats) {
	type sums struct{ players, frames, incomplete, skipped, slow, broken float64 }
	feeds := make(map[string]*sums)
	for i := range players {
		v, id := &players[i].Video, string(players[i].Feed)
		if feeds[id] == nil {
			feeds[id] = &sums{}
		}
		s := feeds[id]
		s.players++
		s.frames += float64(v.Frames)
		s.incomplete += float64(v.Incomplete)
		s.skipped += float64(v.Skipped)
		s.slow += float64(v.Slow)
		s.broken += float64(v.Broken)
	}
	for id, s := range feeds {
		out(gauge("players", "Players that watch the feed at this node.", "feed"), s.players, id)
		out(gauge("player_frames", "Frames handed to those players.", "feed"), s.frames, id)
		out(gauge("player_incomplete_frames", "Frames that never got whole.", "feed"), s.incomplete, id)
		out(gauge("player_skipped_frames", "Whole frames held back because what they refer to is missing.", "feed"),
			s.skipped, id)
		out(gauge("player_slow_frames", "Frames left out because a player did not take them.", "feed"), s.slow, id)
		out(gauge("player_broken_frames", "Frames handed on although they could not be decoded. It stays 0.", "feed"),
			s.broken, id)
	}
}

func flowMetrics(out emit, peer string, f *fanout.UplinkFlow) {
	labels := []string{peer, string(f.Feed), f.Layer.String()}
	names := []string{"link", "feed", "layer"}
	out(counter("flow_packets_total", "Packets received from the peer.", names...), float64(f.Packets), labels...)
	out(counter("flow_lost_packets_total", "Packets that the link lost, restored ones included.", names...),
		float64(f.Lost), labels...)
	out(counter("flow_restored_packets_total", "Lost packets that parity brought back.", names...), float64(f.Restored),
		labels...)
	out(counter("flow_missing_packets_total", "Lost packets given up for good.", names...), float64(f.GivenUp), labels...)
	out(counter("flow_duplicate_packets_total", "Packets that came twice.", names...), float64(f.Duplicate), labels...)
	latency(out, f.Latency, labels)
}

// latency gives the age of frames at this node since their capture, over the last
// five to ten seconds. It is right to feed_clock_error_seconds.
func latency(out emit, s quantile.Summary, labels []string) {
	m := gauge("flow_latency_seconds", "Age of frames when they are complete at this node, since their capture.",
		"link", "feed", "layer", "quantile")
	for _, q := range []struct {
		name string
		v    time.Duration
	}{{"0.5", s.P50}, {"0.95", s.P95}, {"0.99", s.P99}, {"1", s.Max}} {
		out(m, q.v.Seconds(), append(append([]string(nil), labels...), q.name)...)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
