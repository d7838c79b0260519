package relay

import (
	"maps"
	"slices"
	"sync"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/lesson"
)

// target is one layer of one feed.
type target struct {
	feed  media.FeedID
	layer media.Layer
}

// mailbox is what the rest of the node tells a link: what is wanted from the
// peer, that there is something to announce, that a key frame is needed. The
// link's loop looks into it when it is woken. Nothing waits here: the latest word
// on each subject counts.
type mailbox struct {
	wake chan struct{} // capacity 1; full means that the loop will look anyway

	mu       sync.Mutex
	wanted   map[target]bool // true: even while a better layer is sent
	dirty    bool            // wanted has changed
	news     bool            // there is something to announce
	keys     map[target]struct{}
	asks     []lesson.Ask
	records  []*control.Records
	farewell string // why the link is to end
	doubt    bool   // the peer is to be asked for a sign
	seek     bool   // what to hear of from the peer may have changed
}

// mostAsks bounds the changes of classes that wait for a link; people make few.
const mostAsks = 16

func newMailbox() *mailbox {
	return &mailbox{
		wake:   make(chan struct{}, 1),
		wanted: make(map[target]bool),
		keys:   make(map[target]struct{}),
		news:   true,
		seek:   true,
	}
}

func (m *mailbox) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// want says whether the peer should send a layer, and whether it should even
// while it sends a better one of the same picture.
func (m *mailbox) want(t target, wanted, always bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, is := m.wanted[t]
	if is == wanted && (!wanted || was == always) {
		return
	}
	if wanted {
		m.wanted[t] = always
	} else {
		delete(m.wanted, t)
	}
	m.dirty = true
	m.ring()
}

// announce says that the announcement to the peer has changed.
func (m *mailbox) announce() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news = true
	m.ring()
}

// askKeyFrame asks the peer for a key frame.
func (m *mailbox) askKeyFrame(t target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[t] = struct{}{}
	m.ring()
}

// ask hands a change of a class on to the peer. It reports false when too many wait.
func (m *mailbox) ask(a lesson.Ask) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.asks) >= mostAsks {
		return false
	}
	m.asks = append(m.asks, a)
	m.ring()
	return true
}

// mostRecords bounds what waits of the county's records: one answer and what is around it.
const mostRecords = 2 * control.MostParts

// post tells the peer something of the county's records, all of it, or nothing when too
// much waits: what is not answered is asked again.
func (m *mailbox) post(list ...*control.Records) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.records)+len(list) > mostRecords {
		return
	}
	m.records = append(m.records, list...)
	m.ring()
}

// ping asks the peer for a sign that it is there.
func (m *mailbox) ping() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.doubt = true
	m.ring()
}

// carries tells whether the peer is to send anything.
func (m *mailbox) carries() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.wanted) > 0
}

// feeds are those that the peer is to send.
func (m *mailbox) feeds() []media.FeedID {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make(map[media.FeedID]struct{}, len(m.wanted))
	for t := range m.wanted {
		ids[t.feed] = struct{}{}
	}
	return slices.Sorted(maps.Keys(ids))
}

// look says that what to hear of from the peer may have changed.
func (m *mailbox) look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seek = true
	m.ring()
}

// end asks the link to say goodbye and close.
func (m *mailbox) end(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.farewell == "" {
		m.farewell = why
	}
	m.ring()
}

// letter is what the loop found in the mailbox.
type letter struct {
	wanted   map[target]bool // nil: nothing has changed
	news     bool
	keys     []target
	asks     []lesson.Ask
	records  []*control.Records
	farewell string
	doubt    bool
	seek     bool
}

// take empties the mailbox.
func (m *mailbox) take() letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := letter{
		news: m.news, asks: m.asks, records: m.records, farewell: m.farewell, doubt: m.doubt, seek: m.seek,
	}
	if m.dirty {
		l.wanted = maps.Clone(m.wanted)
	}
	for t := range m.keys {
		l.keys = append(l.keys, t)
		delete(m.keys, t)
	}
	m.dirty, m.news, m.asks, m.records, m.doubt, m.seek = false, false, nil, nil, false, false
	return l
}
