package relay

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/media"
	"github.com/classrelay/classrelay/relay/access"
	"github.com/classrelay/classrelay/relay/config"
	"github.com/classrelay/classrelay/relay/console"
)

// duties are what the configuration of the moment asks of a running node: the cameras
// it pulls, the parents it dials, and who may do what. A reload changes them.
type duties struct {
	node *Node

	mu      sync.Mutex // guards what reload changes
	ctx     context.Context
	file    *config.Config // as the operator wrote it
	plan    *config.Plan   // what the county has planned for this node; nil: nothing
	written *config.Config // both together, for the next diff
	cameras map[media.FeedID]*pulled
	parents map[string]context.CancelCauseFunc
	rules   *access.Rules
	dials   sync.WaitGroup
}

func newDuties(n *Node, written *config.Config, rules *access.Rules) *duties {
	return &duties{
		node:    n,
		file:    written,
		written: written,
		cameras: make(map[media.FeedID]*pulled),
		parents: make(map[string]context.CancelCauseFunc),
		rules:   rules,
	}
}

// pulled is a camera at work and the feed it writes to.
type pulled struct {
	*camera
	feed *feed
}

// begin starts cameras and dialers.
func (d *duties) begin(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ctx = ctx
	d.written = d.together(d.file, d.plan)
	fresh := d.written.WithDefaults()
	d.node.table.setRules(fresh.Feeds)
	d.node.table.classes.configure(fresh.Lessons())
	for id, f := range fresh.Feeds {
		d.startFeed(id, f)
	}
	for _, p := range fresh.Parents {
		d.startParent(p)
	}
}

// end stops the cameras. The dialers end with the links.
func (d *duties) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.cameras {
		d.stopFeed(id)
	}
}

// startFeed starts pulling a camera. A feed that cannot be is said and left out:
// the others go on. With mu held.
func (d *duties) startFeed(id media.FeedID, cfg config.Feed) {
	if cfg.Main == "" && cfg.Sub == "" {
		return // it is pushed
	}
	p := &pulled{}
	f, err := d.node.table.reserve(id)
	if err == nil {
		p.camera, err = newCamera(id, cfg, f, d.node.net, d.node.log)
	}
	if err == nil {
		p.feed, err = d.node.table.attach(id, p.camera)
	}
	if err != nil {
		d.node.log.Error("feed left out", zap.String("feed", string(id)), zap.Error(err))
		return
	}
	d.cameras[id] = p
	p.start(d.ctx)
}

// stopFeed ends a camera. The feed stays for its viewers. With mu held.
func (d *duties) stopFeed(id media.FeedID) {
	p := d.cameras[id]
	if p == nil {
		return
	}
	delete(d.cameras, id)
	d.node.table.detach(p.feed, p.camera)
	p.close()
}

// startParent keeps a link to a parent. With mu held.
func (d *duties) startParent(p config.Parent) {
	ctx, stop := context.WithCancelCause(d.ctx)
	d.parents[p.Name()] = stop
	dial := &dialer{
		parent: p,
		node:   d.node,
		anew:   make(chan *link, 1),
		rng:    rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), //nolint:gosec // jitter only
		log:    d.node.log.With(zap.String("parent", p.Name())),
	}
	d.dials.Go(func() { // ends with the links, or by stop
		dial.Run(ctx)
		if errors.Is(context.Cause(ctx), errTakenOut) {
			d.node.table.abandon(dial.peer)
		}
	})
}

// stopParent ends the link to a parent. With mu held.
func (d *duties) stopParent(address string, why error) {
	d.parents[address](why)
	delete(d.parents, address)
}

// reload is Node.Reload.
func (d *duties) reload(cfg *config.Config) (restart []string, err error) {
	rules, err := access.New(cfg.Access, cfg.Users)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		return nil, errors.New("the node does not run yet")
	}
	d.file = cfg
	changes := d.turn(d.together(cfg, d.plan))
	d.rules = rules
	if d.node.id != nil {
		err = d.node.id.Reload()
	}
	d.node.table.note(console.Change{Code: console.Reloaded})
	d.node.log.Info("configuration reloaded", zap.Any("feeds", changes.Feeds), zap.Any("parents", changes.Parents),
		zap.Strings("after_restart", changes.Restart))
	return changes.Restart, err
}

// turn starts and stops what differs from what is in force. With mu held.
func (d *duties) turn(cfg *config.Config) config.Changes {
	changes := config.Diff(d.written, cfg)
	fresh := cfg.WithDefaults()
	d.node.table.setRules(fresh.Feeds)
	d.node.table.classes.configure(fresh.Lessons())
	d.node.table.setRights(fresh.Rights())
	for _, id := range slices.Concat(changes.Feeds.Gone, changes.Feeds.Changed) {
		d.stopFeed(id)
	}
	for _, id := range changes.Feeds.Gone {
		d.node.table.withdraw(id)
	}
	for _, id := range slices.Concat(changes.Feeds.Added, changes.Feeds.Changed) {
		d.startFeed(id, fresh.Feeds[id])
	}
	for _, a := range changes.Parents.Gone {
		d.stopParent(a, errTakenOut)
	}
	for _, a := range changes.Parents.Changed {
		d.stopParent(a, nil)
	}
	for _, p := range fresh.Parents {
		if d.parents[p.Name()] == nil {
			d.startParent(p)
		}
	}
	d.written = cfg
	return changes
}

// access are the rules of the moment.
func (d *duties) access() *access.Rules {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rules
}

// config is the configuration of the moment, as it was written. Nobody changes it.
func (d *duties) config() *config.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// adopt takes over what the county has planned for this node. Before begin it is only
// remembered.
func (d *duties) adopt(p *config.Plan) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan = p
	if d.ctx == nil {
		return
	}
	changes := d.turn(d.together(d.file, p))
	if changes.None() {
		return
	}
	d.node.table.note(console.Change{Code: console.Reloaded})
	d.node.log.Info("the county's configuration is taken over", zap.Any("feeds", changes.Feeds),
		zap.Strings("others", changes.Live))
}

// together is the node's file with what the county has planned. Where the two do not go
// together, the file alone is in force: a school must not stand still for it.
func (d *duties) together(file *config.Config, p *config.Plan) *config.Config {
	if p == nil {
		return file
	}
	merged, both := file.With(p, d.node.who.School)
	if err := merged.Validate(); err != nil {
		d.node.log.Error("what the county has planned cannot be here, the node's own file alone is in force",
			zap.Error(err))
		return file
	}
	if len(both) > 0 {
		d.node.log.Warn("the county has planned what stands in the node's own file, too: the file is in force",
			zap.Strings("names", both))
	}
	return merged
}
