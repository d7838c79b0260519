// Package rtsp is the node's RTSP server (RFC 2326): players watch feeds at
// rtsp://NODE:8554/FEED, over TCP or UDP, and recording rooms push them there by
// ANNOUNCE and RECORD.
//
// The server knows no feed. It asks a Node: Watch for a feed to play, Publish for
// a place to push to. Each player has a playout.Viewer of its own.
package rtsp
