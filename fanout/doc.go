// Package fanout is the stairwell of the house: what came in once leaves many
// times. A Feed keeps the last group of pictures of every layer in a ring; a
// Subscription is a cursor on it; a Downlink decides what of it leaves over one
// link, and when.
//
// A packet's stages, in order:
//
//  1. Feed.WritePacket puts it in its layer's ring, notes whether a key frame
//     begins here, and wakes the subscriptions. It never blocks.
//  2. Subscription.Read hands a reader everything since its last call. A reader
//     that fell behind the ring goes on at the newest key frame; the others
//     do not notice.
//  3. Downlink.Push queues it for one link, Downlink.Pop lets it go when the
//     link's pace allows, audio first. What is too old by then is dropped in
//     whole frames, up to the next frame that can be decoded alone.
//
// Feed is safe for concurrent use. Downlink is a core: it is told the time and
// belongs to one goroutine.
package fanout
