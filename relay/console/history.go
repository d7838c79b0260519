package console

import (
	"time"
)

const (
	// historyStep is the time between two points: fine enough to see a fade.
	historyStep = 2 * time.Second
	// historyPoints is ten minutes of them.
	historyPoints = 300
	// historyFeeds bounds how many feeds are kept in a point: those that somebody
	// watches come first, and a county's thousands would be 20 MB.
	historyFeeds = 256
)

// history keeps the last ten minutes of links and feeds. It is a core: it is told the
// time and belongs to whoever holds the server's lock. The zero value is ready for use.
type history struct {
	points [historyPoints]point
	next   int // number of the next point
	due    time.Time
}

// point is the state at one time, as much of it as charts show.
type point struct {
	at    time.Time
	links []linkPoint
	feeds []feedPoint
}

type linkPoint struct {
	peer                        string
	latency                     *Latency
	loss, overhead, queue, rate *float64
	flows                       []flowPoint
}

type flowPoint struct{ feed, direction, layer string }

type feedPoint struct {
	id      string
	latency *float64
	viewers int
}

// add takes a point down when one is due.
func (h *history) add(now time.Time, st *Status) {
	if now.Before(h.due) {
		return
	}
	// The next one is due a step after this one was, so that points do not wander;
	// after a pause, a step from now.
	if h.due = h.due.Add(historyStep); h.due.Before(now) {
		h.due = now.Add(historyStep)
	}
	h.points[h.next%historyPoints] = pointOf(now, st)
	h.next++
}

func pointOf(now time.Time, st *Status) point {
	p := point{at: now}
	for i := range st.Links {
		l := &st.Links[i]
		lp := linkPoint{
			peer: l.Peer, latency: l.LatencyMS, loss: l.Loss, overhead: l.Overhead, queue: l.QueueMS, rate: l.Rate,
		}
		for _, f := range l.Flows {
			if f.Active && f.Layer != "audio" {
				lp.flows = append(lp.flows, flowPoint{f.Feed, f.Direction, f.Layer})
			}
		}
		p.links = append(p.links, lp)
	}
	for _, watched := range []bool{true, false} {
		for i := range st.Feeds {
			f := &st.Feeds[i]
			if (f.Viewers > 0) == watched && len(p.feeds) < historyFeeds {
				p.feeds = append(p.feeds, feedPoint{f.ID, f.LatencyMS, f.Viewers})
			}
		}
	}
	return p
}

// History is the last ten minutes, in columns as charts want them.
type History struct {
	Version int           `json:"version"`
	Now     time.Time     `json:"now"`
	StepMS  int           `json:"step_ms"`
	Links   []LinkHistory `json:"links"`
	Feeds   []FeedHistory `json:"feeds"`
}

// LinkHistory is one link; entry i of each column belongs to At[i].
type LinkHistory struct {
	Peer     string        `json:"peer"`
	At       []int64       `json:"at"` // Unix time in ms
	P50      []*float64    `json:"p50"`
	P95      []*float64    `json:"p95"`
	P99      []*float64    `json:"p99"`
	Loss     []*float64    `json:"loss"`
	Overhead []*float64    `json:"overhead"`
	QueueMS  []*float64    `json:"queue_ms"`
	Rate     []*float64    `json:"rate"`
	Flows    []FlowHistory `json:"flows"`
}

// FlowHistory is which layer of a feed a link carried; null: none.
type FlowHistory struct {
	Feed      string    `json:"feed"`
	Direction string    `json:"direction"`
	Layer     []*string `json:"layer"`
}

// FeedHistory is one feed; entry i of each column belongs to At[i].
type FeedHistory struct {
	ID        string     `json:"id"`
	At        []int64    `json:"at"` // Unix time in ms
	LatencyMS []*float64 `json:"latency_ms"`
	Viewers   []int      `json:"viewers"`
}

// read writes the points into columns, links and feeds in the order of their first
// point.
func (h *history) read(now time.Time) *History {
	out := &History{
		Version: 1, Now: now.UTC(), StepMS: int(historyStep / time.Millisecond),
		Links: []LinkHistory{}, Feeds: []FeedHistory{},
	}
	links, feeds := make(map[string]int), make(map[string]int)
	for n := max(0, h.next-historyPoints); n < h.next; n++ {
		p := &h.points[n%historyPoints]
		for i := range p.links {
			out.Links = indexed(links, out.Links, p.links[i].peer, newLinkHistory)
			out.Links[links[p.links[i].peer]].add(p.at, &p.links[i])
		}
		for i := range p.feeds {
			out.Feeds = indexed(feeds, out.Feeds, p.feeds[i].id, newFeedHistory)
			out.Feeds[feeds[p.feeds[i].id]].add(p.at, &p.feeds[i])
		}
	}
	return out
}

// indexed makes sure that list has an entry of that name.
func indexed[T any](at map[string]int, list []T, name string, fresh func(name string) T) []T {
	if _, ok := at[name]; !ok {
		at[name] = len(list)
		list = append(list, fresh(name))
	}
	return list
}

func newLinkHistory(peer string) LinkHistory { return LinkHistory{Peer: peer, Flows: []FlowHistory{}} }

func newFeedHistory(id string) FeedHistory { return FeedHistory{ID: id} }

func (l *LinkHistory) add(at time.Time, p *linkPoint) {
	var p50, p95, p99 *float64
	if p.latency != nil {
		p50, p95, p99 = &p.latency.P50, &p.latency.P95, &p.latency.P99
	}
	n := len(l.At)
	l.At = append(l.At, at.UnixMilli())
	l.P50, l.P95, l.P99 = append(l.P50, p50), append(l.P95, p95), append(l.P99, p99)
	l.Loss, l.Overhead = append(l.Loss, p.loss), append(l.Overhead, p.overhead)
	l.QueueMS, l.Rate = append(l.QueueMS, p.queue), append(l.Rate, p.rate)
	for i := range l.Flows {
		l.Flows[i].Layer = append(l.Flows[i].Layer, nil)
	}
	for i := range p.flows {
		l.flow(n, &p.flows[i]).Layer[n] = &p.flows[i].layer
	}
}

// flow finds a flow's column or makes one with n+1 entries.
func (l *LinkHistory) flow(n int, p *flowPoint) *FlowHistory {
	for i := range l.Flows {
		if f := &l.Flows[i]; f.Feed == p.feed && f.Direction == p.direction {
			return f
		}
	}
	l.Flows = append(l.Flows, FlowHistory{Feed: p.feed, Direction: p.direction, Layer: make([]*string, n+1)})
	return &l.Flows[len(l.Flows)-1]
}

func (f *FeedHistory) add(at time.Time, p *feedPoint) {
	f.At = append(f.At, at.UnixMilli())
	f.LatencyMS = append(f.LatencyMS, p.latency)
	f.Viewers = append(f.Viewers, p.viewers)
}
