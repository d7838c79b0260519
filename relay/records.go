package relay

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/control"
	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/plan"
	"github.com/classrelay/classrelay/relay/store"
)

const (
	// lookAtRecords is how often a node looks for what a command beside it has changed.
	lookAtRecords = time.Second
	// answerRecords is how long the answer to a question for records may take: a whole
	// county over a bad line.
	answerRecords = 15 * time.Second
	// mostWords bounds what links have said and nobody has read yet: the parts of an answer
	// from each of a few hubs, and a question from each of a county's schools. Full: it is
	// forgotten, and who has asked asks again.
	mostWords = 8 * control.MostParts
)

// records is the node's part in keeping the county's records: it gets them from the hubs
// that it has a link to, keeps them, hands them on to those who may have them, and makes
// the node run with them. A node without a store does none of it.
//
// Its links put into the inbox what they hear; Run owns the rest. The disk is slow, and
// no link waits for it.
type records struct {
	node  *Node
	store *store.Store // set once, before there are links
	log   *zap.Logger

	mu    sync.Mutex
	inbox []recordsWord
	wake  chan struct{} // capacity 1; full means that Run will look anyway

	peers map[*link]*recordsPeer
	at    control.Position // what was last adopted and told
	look  time.Time        // when to look for a change
	wrong string           // what was last said to be wrong with the records

	fresh     freshness
	judgeNext time.Time                 // when to look whether the records are stale
	stale     atomic.Pointer[time.Time] // since when they are; nil: they are not
}

// recordsWord is something that a link has to say: that it is there, that it is gone, or
// what its peer says.
type recordsWord struct {
	link         *link
	linked, gone bool
	said         *control.Records
}

// recordsPeer is the node at the other end of a link.
type recordsPeer struct {
	follow *store.Follower // nil: it is not asked
	asked  time.Time       // when it was asked last
	answer []byte          // as far as it has come
	told   bool            // it follows this node, and is told of what is new
	why    string          // what was last said of it in the log
}

func newRecords(n *Node) *records {
	return &records{
		node: n, log: n.log, wake: make(chan struct{}, 1), peers: make(map[*link]*recordsPeer),
	}
}

// open begins with what is on the disk, so that a school that is cut off has it. S may be
// nil.
func (r *records) open(s *store.Store) {
	r.store = s
	if s != nil {
		r.lookAt(context.Background(), time.Now())
	}
}

// Run does its part until ctx ends.
func (r *records) Run(ctx context.Context) {
	if r.store == nil {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for _, w := range r.take() {
			r.read(ctx, time.Now(), w)
		}
		now := time.Now()
		if !now.Before(r.look) {
			r.lookAt(ctx, now)
		}
		r.judge(ctx, now)
		r.ask(now)
		timer.Reset(time.Until(r.next()))
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// linked says that there is a link to a node.
func (r *records) linked(l *link) { r.put(recordsWord{link: l, linked: true}) }

// gone says that it has ended.
func (r *records) gone(l *link) { r.put(recordsWord{link: l, gone: true}) }

// heard takes what a peer says.
func (r *records) heard(l *link, said *control.Records) { r.put(recordsWord{link: l, said: said}) }

func (r *records) put(w recordsWord) {
	if r == nil || r.store == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.said != nil && len(r.inbox) >= mostWords {
		return
	}
	r.inbox = append(r.inbox, w)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *records) take() []recordsWord {
	r.mu.Lock()
	defer r.mu.Unlock()
	words := r.inbox
	r.inbox = nil
	return words
}

func (r *records) read(ctx context.Context, now time.Time, w recordsWord) {
	p := r.peers[w.link]
	switch {
	case w.linked:
		p = &recordsPeer{}
		if mayInstruct(r.node.who, w.link.who) {
			p.follow = store.NewFollower(store.FollowConfig{},
				rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))) //nolint:gosec // spreads questions only
			p.follow.Connected(now)
		}
		r.peers[w.link] = p
	case w.gone:
		delete(r.peers, w.link)
	case p == nil:
	case w.said.Ask != nil:
		r.answer(ctx, w.link, p, *w.said.Ask)
	case p.follow == nil: // whatever it says, it cannot know
	case w.said.News != nil:
		p.follow.Hint(now, w.said.News.Epoch, w.said.News.Rev)
		if w.said.News.Revoked > r.at.Revoked {
			p.follow.Urge(now)
		}
	case w.said.Refused != "":
		r.log.Debug("a hub has no records for us", zap.String("peer", w.link.peer), zap.String("why", w.said.Refused))
		p.fail(now, nil)
	default:
		r.gather(ctx, now, w.link, p, w.said)
	}
}

// mayInstruct tells whether a node takes records from a peer: from hub machines of its own
// county, by their certificates.
func mayInstruct(self, peer identity.Member) bool {
	return peer.County != "" && peer.County == self.County && peer.Level() == identity.Hub
}

// mayHave tells whose records a peer may have: a hub machine of the county all of them,
// for which slice is empty, a school's machine its school's.
func mayHave(self, peer identity.Member) (slice string, ok bool) {
	switch {
	case self.Level() != identity.Hub || peer.County == "" || peer.County != self.County:
		return "", false
	case peer.Level() == identity.School:
		return peer.School, true
	}
	return "", peer.Level() == identity.Hub
}

// answer gives a peer what it has not got yet.
func (r *records) answer(ctx context.Context, l *link, p *recordsPeer, has control.Position) {
	slice, ok := mayHave(r.node.who, l.who)
	if !ok {
		l.mail.post(&control.Records{Refused: "this node has no records for " + l.peer})
		return
	}
	p.told = true
	c, err := r.store.Since(ctx, has.Epoch, has.Rev, slice)
	if has.Epoch > r.at.Epoch && r.at.Epoch > 0 {
		p.say(r.log, "another machine has become the writer of the county: what is changed here is not taken any more; "+
			"give this hub a link to the others, and it will follow", l, err)
	}
	var parts []*control.Records
	if err == nil {
		var body []byte
		body, err = json.Marshal(c)
		if err == nil {
			parts, err = control.Parts(body)
		}
	}
	if err != nil {
		l.mail.post(&control.Records{Refused: err.Error()})
		return
	}
	l.mail.post(parts...) // one that finds no room is asked for again
}

// gather takes a part of an answer, and with the last one takes all in.
func (r *records) gather(ctx context.Context, now time.Time, l *link, p *recordsPeer, said *control.Records) {
	if p.asked.IsZero() || len(p.answer)+len(said.Part) > control.MostAnswer {
		return
	}
	p.answer = append(p.answer, said.Part...)
	if said.More {
		return
	}
	var c store.Change
	err := json.Unmarshal(p.answer, &c)
	if err == nil {
		err = r.store.Apply(ctx, c)
	}
	if err != nil {
		p.say(r.log, "the county's records from this hub are not taken", l, err)
		p.fail(now, err)
		return
	}
	if len(c.Records) > 0 {
		r.log.Info("records from a hub", zap.String("peer", l.peer), zap.Int("records", len(c.Records)),
			zap.Bool("all_there_are", c.Whole), zap.Int64("epoch", c.Epoch), zap.Int64("rev", c.Rev))
	}
	p.answer, p.asked, p.why = nil, time.Time{}, ""
	r.lookAt(ctx, now)
	r.answered(ctx, now)
	p.follow.Answered(now, r.at.Epoch, r.at.Rev)
}

// fail ends a question that brought nothing.
func (p *recordsPeer) fail(now time.Time, err error) {
	p.answer, p.asked = nil, time.Time{}
	p.follow.Failed(now, err)
}

// say puts something about a peer into the log, once.
func (p *recordsPeer) say(log *zap.Logger, what string, l *link, err error) {
	if p.why == what {
		return
	}
	p.why = what
	log.Warn(what, zap.String("peer", l.peer), zap.Error(err))
}

// ask asks those hubs whose turn it is.
func (r *records) ask(now time.Time) {
	for l, p := range r.peers {
		if p.follow == nil {
			continue
		}
		if !p.asked.IsZero() && now.Sub(p.asked) >= answerRecords {
			p.fail(now, nil)
		}
		if p.follow.Ask(now) {
			p.asked, p.answer = now, nil
			l.mail.post(&control.Records{Ask: &control.Position{Epoch: r.at.Epoch, Rev: r.at.Rev}})
		}
	}
}

// next is when Run has something to do unasked.
func (r *records) next() time.Time {
	next := r.look
	for _, p := range r.peers {
		if p.follow == nil {
			continue
		}
		if !p.asked.IsZero() {
			next = earlier(next, p.asked.Add(answerRecords))
		}
		if at := p.follow.Next(); !at.IsZero() {
			next = earlier(next, at)
		}
	}
	return next
}

// lookAt finds out whether the records have changed: by what has come from a hub, or by a
// command beside the node. Then the node adopts them, and whoever follows it is told.
func (r *records) lookAt(ctx context.Context, now time.Time) {
	r.look = now.Add(lookAtRecords)
	epoch, rev, err := r.store.Position(ctx)
	var revoked []string
	if err == nil {
		revoked, err = r.store.Revoked(ctx)
	}
	at := control.Position{Epoch: epoch, Rev: rev, Revoked: len(revoked)}
	if err != nil || at == r.at {
		r.complain(ctx, err)
		return
	}
	if at.Epoch != r.at.Epoch || at.Rev != r.at.Rev {
		planned, err := plan.ReadFor(ctx, r.store, r.node.who.School)
		r.complain(ctx, err)
		if planned == nil {
			return // tried again; what is in force stays
		}
		r.node.duties.adopt(planned)
	}
	r.at = at
	for l, p := range r.peers {
		if p.told {
			l.mail.post(&control.Records{News: &at})
		}
	}
}

// complain says what is wrong with the records, once.
func (r *records) complain(ctx context.Context, err error) {
	if ctx.Err() != nil || err == nil || errors.Is(err, context.Canceled) || err.Error() == r.wrong {
		return
	}
	r.wrong = err.Error()
	r.log.Error("the county's records", zap.Error(err))
}
