// Package mse serves feeds to web pages that cannot play WebRTC: fragments of MP4 over
// a WebSocket (RFC 6455) at /mse/FEED, for a MediaSource. It also carries what WebRTC
// does not, AAC, and works on plain http. With ?sound=0 a page gets the picture alone, as
// one does that is muted: a browser holds a picture with sound back by twice as much.
//
// The server sends, and the page appends the binary messages in order:
//
//	text    {"type":"start","mime":"…","layer":"main","width":…,"height":…}
//	binary  the init segment
//	binary  one fragment for each picture, from a key frame on
//	text    {"type":"clock","now":…,"pts":…,"capture":…} each second
//	text    {"type":"state","state":"offline","since":"…"}, later "online"
//
// start and an init segment come again whenever the encoding changes; time goes on
// across them.
//
// What a viewer does not take is not kept. The kernel holds 16 KiB that are not on their
// way, an outbox 64 KiB or what came in 100 ms, and behind them the viewer's own Splicer
// drops everything up to the newest key frame once a picture is half a second late
// (playout.Config.MaxHold). So the delay of a slow viewer has a bound and the memory
// it costs does too; how far the page itself is behind, it sees from the clock. A page
// whose socket is behind most of the time gets sub (leg.go) unless it asks for a layer.
package mse
