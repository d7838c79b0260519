package directory

import "context"

// What other parts of the node say over the same bus, such as the store that keeps a
// node's slice of the county's records. The directory knows the subjects and who may
// write them, and not what is said.

// Ask sends a question of this node to the machines of its county, and of a hub to those
// too: one of them answers, nearest first. It fails when nobody does before ctx ends.
func (d *Directory) Ask(ctx context.Context, what string, body []byte) ([]byte, error) {
	return d.below.Ask(ctx, subject(within(d.cfg.Role), d.self, "ask."+token(what)), body)
}

// Answer answers such questions at a hub machine, until stop is called. node is who asks:
// its certificate says so. Nil is no answer: another machine may be asked then.
func (d *Directory) Answer(
	what string, answer func(ctx context.Context, node string, body []byte) []byte,
) (stop func(), err error) {
	reply := func(ctx context.Context, on string, body []byte) []byte {
		_, id, err := writer(on)
		if err != nil {
			return nil
		}
		return answer(ctx, id.Name, body)
	}
	ofSchools, err := d.below.Answer(all(bySchool, d.cfg.County, "ask."+token(what)), reply)
	if err != nil {
		return ofSchools, err
	}
	ofMachines, err := d.below.Answer(all(byMachine, d.cfg.County, "ask."+token(what)), reply)
	return func() { ofSchools(); ofMachines() }, err
}

// Hint says something to one node of the county, such as that there is a new revision. It
// may be lost; who gets it asks then, and asks by itself every so often anyway.
func (d *Directory) Hint(node, what string, body []byte) error {
	return d.below.Publish(subject(toNode, ID{d.cfg.County, node}, token(what)), body)
}

// OnHint hears what hubs say to this node, until stop is called.
func (d *Directory) OnHint(what string, hear func(body []byte)) (stop func(), err error) {
	return d.below.Listen(subject(toNode, d.self, token(what)), func(_ string, body []byte) { hear(body) })
}
