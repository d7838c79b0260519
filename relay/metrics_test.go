package relay

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/classrelay/classrelay/internal/netem"
)

// Everything an operator is told to look at is there, with the labels named, on
// both ends of a link that loses packets.
func TestTheMetricsOfARunningClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 100e6, Delay: 30 * time.Millisecond, Loss: 0.02})
		c.view(10*time.Second, func() {
			time.Sleep(9 * time.Second)
			hub, branch := gather(t, c.hub.Node), gather(t, c.branch.Node)
			for _, name := range []string{
				"feed_online", "feed_packets_total", "camera_running", "link_rtt_min_seconds", "link_pace_bits",
				"link_loss_ratio", "link_loss_burst_packets", "link_queue_delay_seconds", "link_train_bits", "link_level",
				"link_level_changes_total", "link_repair_bytes_total", "link_repair_rows_total", "link_layer_since_seconds",
				"link_clock_error_seconds",
			} {
				if _, ok := hub["classrelay_"+name]; !ok {
					t.Errorf("the hub has no %s", name)
				}
			}
			for _, name := range []string{
				"flow_latency_seconds", "flow_lost_packets_total", "flow_restored_packets_total",
				"flow_missing_packets_total", "feed_clock_error_seconds", "players", "player_frames", "player_broken_frames",
			} {
				if _, ok := branch["classrelay_"+name]; !ok {
					t.Errorf("the branch has no %s", name)
				}
			}
			if v := branch["classrelay_player_broken_frames"]; v != 0 {
				t.Errorf("%v broken frames", v)
			}
			if v := branch["classrelay_flow_restored_packets_total"]; v == 0 {
				t.Error("nothing was restored at 2 % loss")
			}
		})
		c.end()
	})
}

// gather scrapes a node: for each metric the sum over its labels.
func gather(t *testing.T, n *Node) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&collector{node: n})
	families, err := registry.Gather()
	if err != nil {
		t.Error(err)
		return nil
	}
	out := make(map[string]float64)
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "classrelay_") || f.GetHelp() == "" {
			t.Errorf("metric %q, help %q", f.GetName(), f.GetHelp())
		}
		for _, m := range f.GetMetric() {
			out[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}

// Over a satellite no repair comes back in time. The node says so, in words.
func TestALinkThatIsTooFarForRepairIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClass(t, netem.Profile{Rate: 20e6, Delay: 280 * time.Millisecond})
		c.view(10 * time.Second)
		reach := c.hub.table.peers()[0].status.Load().Down.Path.Reach
		if reach.Rounds != 0 || !strings.Contains(reach.Text, "parity only") {
			t.Errorf("%+v", reach)
		}
		c.end()
	})
}
