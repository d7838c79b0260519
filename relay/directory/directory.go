package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/lesson"
)

// Config says which node's directory it is.
type Config struct {
	// Node and County are the names in the node's certificate. Required.
	Node, County string
	// Role is the level it belongs to. Default: hub.
	Role identity.Role
	// Share says what the level above may see. Default: all.
	Share Share
}

// Directory is a node's part of the directory. Its methods may be called from any
// goroutine.
type Directory struct {
	cfg   Config
	self  ID
	below Bus // of the node's own county
	above Bus // of the level above; nil: there is none
	log   *zap.Logger
	wake  chan struct{} // full: Run is about to look anyway

	mu      sync.Mutex
	table   *Table
	ann     beat
	changed chan struct{} // closed and made anew when what is known changes
	counts  Counts
	said    map[string]time.Time // refusals that the log has had, by who and why
	asked   asked
}

// Counts is what a directory has done.
type Counts struct {
	Told    uint64 `json:"told"`    // own lists
	Sums    uint64 `json:"sums"`    // messages to the level above
	Heard   uint64 `json:"heard"`   // announcements of others
	Refused uint64 `json:"refused"` // of those, not listened to, or only in part
	Failed  uint64 `json:"failed"`  // messages that the bus did not take: no connection
}

// New makes the directory of a node. above is nil where the node has no level above it.
// Call Run, once.
func New(cfg Config, below, above Bus, log *zap.Logger) *Directory {
	if cfg.Role == "" {
		cfg.Role = identity.Hub
	}
	self := ID{cfg.County, cfg.Node}
	return &Directory{
		cfg:     cfg,
		self:    self,
		below:   below,
		above:   above,
		log:     log,
		wake:    make(chan struct{}, 1),
		table:   NewTable(self, cfg.Role, max(time.Now().UnixMilli(), 1)),
		ann:     beat{rate: ownRate, burst: ownBurst, every: announceEvery},
		changed: make(chan struct{}),
		said:    make(map[string]time.Time),
	}
}

// Announce says what the node has now: its links, its load, its feeds. The list is
// complete, and is not to be changed afterwards.
func (d *Directory) Announce(links []Link, load Load, feeds []Feed) {
	d.mu.Lock()
	news := d.table.SetOwn(links, load, feeds)
	if news {
		d.ann.news(time.Now())
		d.tellChanged()
	}
	d.mu.Unlock()
	if news {
		d.poke()
	}
}

// Run announces and listens until ctx ends.
func (d *Directory) Run(ctx context.Context) error {
	stop, err := d.listen()
	defer stop()
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	if d.above != nil {
		wg.Go(func() { d.sum(ctx) }) // ends with ctx
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(d.turn(time.Now())))
		select {
		case <-timer.C:
		case <-d.wake:
		case <-d.below.Up():
			d.mu.Lock()
			d.ann.news(time.Now())
			d.mu.Unlock()
		case <-ctx.Done():
			return nil
		}
	}
}

// listen subscribes to what this node is to hear, and returns what ends that.
func (d *Directory) listen() (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	add := func(s func(), e error) {
		if e == nil {
			stops = append(stops, s)
		}
		err = errors.Join(err, e)
	}
	if d.cfg.Role != identity.School {
		for _, kind := range []string{bySchool, byMachine} {
			add(d.below.Listen(all(kind, d.cfg.County, "ann"), d.hear))
			add(d.below.Answer(all(kind, d.cfg.County, "where"), d.answerWhere))
		}
		for _, kind := range []string{fromHub, fromCity} {
			add(d.below.Listen(all(kind, "", "sum"), d.hear))
			add(d.below.Answer(all(kind, "", "where"), d.answerWhere))
		}
	}
	return stop, err
}

// turn does what is due, and returns when to look again.
func (d *Directory) turn(now time.Time) time.Time {
	d.mu.Lock()
	if changed := d.table.Tick(now); len(changed) > 0 {
		if gone := slices.DeleteFunc(changed, d.table.Knows); len(gone) > 0 {
			d.log.Info("nothing is heard any more of these nodes", zap.Stringers("nodes", gone))
		}
		d.tellChanged()
	}
	var out []byte
	var err error
	if d.ann.due(now) {
		out, err = d.table.Own().encode()
		d.ann.sent(now, len(out))
		d.counts.Told++
	}
	next := d.ann.when()
	d.mu.Unlock()
	if err != nil {
		d.log.Error("this node cannot be announced", zap.Error(err))
	} else if out != nil {
		d.publish(d.below, subject(within(d.cfg.Role), d.self, "ann"), out)
	}
	if soon := now.Add(time.Second); next.After(soon) { // others may be gone by then
		return soon
	}
	return next
}

// publish sends a message and forgets it: the next one has the same in it.
func (d *Directory) publish(bus Bus, subject string, body []byte) {
	if err := bus.Publish(subject, body); err != nil {
		d.mu.Lock()
		d.counts.Failed++
		d.mu.Unlock()
	}
}

// hear takes an announcement in.
func (d *Directory) hear(subject string, body []byte) {
	now := time.Now()
	a, err := Parse(body)
	kind, from, werr := writer(subject)
	if err = cmp.Or(err, werr); err == nil {
		err = vouch(kind, from, a)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts.Heard++
	if err == nil && from == d.self {
		return
	}
	if err == nil {
		var changed []ID
		if changed, err = d.table.Hear(now, a); len(changed) > 0 {
			d.tellChanged()
		}
	}
	if err != nil {
		d.counts.Refused++
		d.refuse(now, from, err)
	}
}

const (
	// sayAgain is after how long the same refusal is said again, and mostSaid how many
	// are remembered.
	sayAgain = 10 * time.Minute
	mostSaid = 256
)

// refuse says in the log that a node is not listened to, once. What was overtaken on its
// way is no trouble. With mu held.
func (d *Directory) refuse(now time.Time, from ID, err error) {
	if errors.Is(err, ErrOld) {
		return
	}
	key := from.String() + " " + err.Error()
	if at, ok := d.said[key]; ok && now.Sub(at) < sayAgain {
		return
	}
	if len(d.said) >= mostSaid {
		clear(d.said)
	}
	d.said[key] = now
	d.log.Warn("announcement refused", zap.Stringer("from", from), zap.Error(err))
}

// tellChanged wakes those who wait for a change. With mu held.
func (d *Directory) tellChanged() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// poke makes Run look at once.
func (d *Directory) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Changed is closed when what is known changes the next time.
func (d *Directory) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}

// Snapshot is what a directory knows at a moment.
type Snapshot struct {
	Self   ID
	Role   identity.Role
	Nodes  []Entry // this node included, in order
	Feeds  int     // of other nodes, by name
	Counts Counts
	// Clashes are feed names that several nodes claim.
	Clashes map[media.FeedID][]string
}

// Snapshot lists what is known.
func (d *Directory) Snapshot() Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, feeds := d.table.Len()
	return Snapshot{
		Self: d.self, Role: d.cfg.Role, Nodes: d.table.Entries(), Feeds: feeds, Counts: d.counts,
		Clashes: d.table.Clashes(),
	}
}

// Len is how many other nodes are known, and how many feeds they have.
func (d *Directory) Len() (nodes, feeds int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.Len()
}

// Machines are the live machines of this county that lessons can be placed on.
func (d *Directory) Machines() []lesson.Machine {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.table.Machines()
}

// Knows tells whether another node has a feed, as far as is known here.
func (d *Directory) Knows(id media.FeedID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.table.feeds[id]) > 0
}
