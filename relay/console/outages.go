package console

import "time"

// outages remembers since when feeds are away, and tells when they come and go. It is
// a core: it is told the time and belongs to whoever holds the server's lock. The zero
// value is ready for use.
type outages struct {
	away map[string]*outage
}

type outage struct {
	since time.Time
	said  bool
}

// look fills in since when each feed is offline and what is wrong with it and with
// each link, and returns what is to be told. Call it about once a second.
func (o *outages) look(now time.Time, st *Status) (changes []Change) {
	seen := make(map[string]bool, len(st.Feeds))
	for i := range st.Feeds {
		f := &st.Feeds[i]
		seen[f.ID] = true
		if c, ok := o.lookAt(now, f); ok {
			changes = append(changes, c)
		}
		f.Problem = feedTrouble(now, f)
	}
	for id := range o.away {
		if !seen[id] {
			delete(o.away, id) // taken out of the configuration
		}
	}
	for i := range st.Links {
		st.Links[i].Problem = linkTrouble(now, &st.Links[i])
	}
	return changes
}

func (o *outages) lookAt(now time.Time, f *Feed) (c Change, ok bool) {
	was := o.away[f.ID]
	if f.Online {
		delete(o.away, f.ID)
		if was == nil || !was.said {
			return c, false
		}
		return Change{Code: FeedBack, Feed: f.ID, Lasted: now.Sub(was.since)}, true
	}
	if was == nil {
		if o.away == nil {
			o.away = make(map[string]*outage)
		}
		was = &outage{since: now}
		o.away[f.ID] = was
	}
	f.OfflineSince = new(was.since)
	if was.said || now.Sub(was.since) < offlineAfter {
		return c, false
	}
	was.said = true
	return Change{Code: FeedOffline, Feed: f.ID, Why: f.Reason, Cause: f.Cause}, true
}
