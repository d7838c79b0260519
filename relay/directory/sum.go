package directory

import (
	"maps"
	"slices"
	"time"

	"github.com/classrelay/classrelay/relay/lesson"
)

// sent is what the level above last heard of a node from here.
type sent struct {
	Node
	at time.Time
}

// Sum lists what the level above is to hear now: of this node, and of those below for
// which this machine speaks, what is new and what was last told five seconds ago. It takes
// up to room bytes, about, and the rest when it is asked again. share says what the level
// above may see. What is returned counts as told.
func (t *Table) Sum(now time.Time, share Share, room int) []Node {
	var list []Node
	due := t.due(now, share)
	// The longest silent first, so that none starves when room is short.
	slices.SortStableFunc(due, func(a, b sent) int { return a.at.Compare(b.at) })
	for _, s := range due {
		size := sizeOf(&s.Node)
		if size > room && len(list) > 0 {
			break
		}
		room -= size
		list = append(list, s.Node)
		if s.Gone {
			delete(t.told, s.ID())
		} else {
			t.told[s.ID()] = sent{s.Node, now}
		}
	}
	return list
}

// due are the nodes to tell of, with when that was last done.
func (t *Table) due(now time.Time, share Share) []sent {
	var due []sent
	mine := make(map[ID]struct{}, len(t.nodes)+1)
	consider := func(n Node) {
		mine[n.ID()] = struct{}{}
		was, ok := t.told[n.ID()]
		if ok && now.Sub(was.at) < announceEvery && same(&was.Node, &n) {
			return
		}
		due = append(due, sent{n, was.at})
	}
	own := t.own
	own.Feeds = share.feeds(own.Feeds)
	consider(own)
	machines := t.Machines()
	for _, id := range slices.SortedFunc(maps.Keys(t.nodes), compareIDs) {
		if n, ok := t.speak(id, machines); ok {
			n.Feeds = share.feeds(n.Feeds)
			consider(n)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(t.told), compareIDs) {
		if _, ok := mine[id]; !ok {
			n := t.told[id].Node
			n.Gone, n.Feeds, n.Links = true, nil, nil
			due = append(due, sent{n, t.told[id].at})
		}
	}
	return due
}

// speak returns the list of a node as this machine tells it to the level above, if it is
// the one to do so: the machine with a link to the node that told of it, so that the hops
// are those that media would take. Among several it is one by hash, and all agree.
func (t *Table) speak(id ID, machines []lesson.Machine) (Node, bool) {
	k := t.nodes[id]
	if k.best.Role == t.role && id.County == t.self.County || isAbove(k.best.Role, t.role) {
		return Node{}, false // it speaks for itself
	}
	n, ok := t.bestWay(k)
	if !ok || len(n.Hops)+1 > MaxHops {
		return Node{}, false
	}
	links := n.Links
	if len(n.Hops) > 1 {
		links = nil
		if teller := t.nodes[ID{n.County, n.teller()}]; teller != nil {
			links = teller.best.Links
		}
	}
	speaker, rtt := speaker(id, links, machines)
	n.Hops = append(slices.Clone(n.Hops), t.self.Name)
	n.Cost = min(n.Cost+rtt, maxCost)
	return n, speaker == t.self.Name
}

// bestWay is the newest list of a node with the hops of its best way.
func (t *Table) bestWay(k *known) (Node, bool) {
	var best Way
	found := false
	for _, by := range slices.SortedFunc(maps.Keys(k.ways), compareIDs) {
		h := k.ways[by]
		w, ok := t.way(k, &h)
		if !ok {
			continue
		}
		w.Path, w.Cost = h.Hops, h.Cost
		if !found || t.compare(&w, &best) < 0 {
			best, found = w, true
		}
	}
	n := k.best
	n.Hops, n.Cost = best.Path, best.Cost
	return n, found
}

// speaker picks one of the machines for a node: of those it has a link to, rather one
// that does not only stand by; without any, one by its name.
func speaker(id ID, links []Link, machines []lesson.Machine) (name string, rtt int) {
	for _, standby := range []bool{false, true} {
		var linked []lesson.Machine
		for _, m := range machines {
			if slices.ContainsFunc(links, func(l Link) bool { return l.To == m.Name && (standby || !l.Standby) }) {
				linked = append(linked, lesson.Machine{Name: m.Name})
			}
		}
		if len(linked) > 0 {
			machines = linked
			break
		}
	}
	names := make([]lesson.Machine, len(machines)) // unweighted: talking costs nothing
	for i, m := range machines {
		names[i] = lesson.Machine{Name: m.Name}
	}
	name = lesson.Order(id.String(), names)[0]
	for _, l := range links {
		if l.To == name {
			rtt = l.RTT
		}
	}
	return name, rtt
}

// sizeOf is about how long a list is on the bus: measured, a feed with three layers takes
// 80 bytes and its name, and a node without any 140.
func sizeOf(n *Node) int {
	size := 160 + 24*len(n.Hops) + 40*len(n.Links)
	for _, f := range n.Feeds {
		size += 80 + len(f.ID)
	}
	return size
}

// forgetTold makes the next sums tell all of it again: the level above may be another
// machine by now.
func (t *Table) forgetTold() {
	for id, s := range t.told {
		s.at = time.Time{}
		t.told[id] = s
	}
}
