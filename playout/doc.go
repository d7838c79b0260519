// Package playout is the last hop: it makes of a feed's layers what a player
// understands, one continuous RTP stream for the picture and one for the sound.
//
// A packet's way, in order:
//
//  1. Source.Subscribe hands over what is in the feed's ring, from the last key
//     frame on, and then what arrives, in order of arrival.
//  2. A Splicer puts one layer back in order, collects whole frames and holds
//     back every frame that is not whole or whose references are missing. It
//     joins main and sub at a key frame, numbers the packets anew and stamps
//     them on one time line.
//  3. The Viewer hands the packets to the player's RTSP session, whole frames
//     or none, as fast as the session takes them, and sends sender reports.
//
// A Splicer is a core: it is told the time and the packets and nothing else. A
// Viewer is the shell around two of them, one for the picture and one for the
// sound, and belongs to one player: nothing is shared between players, so a slow
// one costs the others nothing.
//
// Nothing here adds delay where nothing is missing. A frame leaves when its last
// packet is there; behind a hole, frames wait as long as the hole may still be
// filled (Config.MaxWait).
package playout
