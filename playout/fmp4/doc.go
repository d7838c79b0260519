// Package fmp4 makes of one viewer's packets what a browser's MediaSource takes
// (W3C Media Source Extensions, ISO BMFF byte stream format): an init segment that
// says how picture and sound are encoded, then one fragment (ISO/IEC 14496-12 §8.8)
// for each picture, as soon as its last packet is there.
//
// A packet's way, in order:
//
//  1. A playout.Splicer has put the packets in order, in whole frames, on one time
//     line. The Muxer puts them together again: pictures of H.264 or H.265, units of
//     AAC or Opus. No browser plays G.711 from a MediaSource: it is left out.
//  2. The sender reports tell when each was taken. That is the time in the
//     fragments, counted from the first picture, so picture and sound agree, also
//     after the camera was away or was replaced by one with another codec.
//  3. A key frame whose parameter sets are not those of the last init segment is
//     preceded by a new one.
//  4. Sound travels with the next picture, or alone when no picture comes for the
//     length of one. Where sound is missing there is silence: a browser plays only
//     what it has both of, and loses its lip-sync over a hole.
//
// A Muxer is a core: it is told the packets and the reports and nothing else. It
// holds nothing back but sound, for 40 ms at most.
package fmp4
