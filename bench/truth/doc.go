// Package truth proves by an independent decoder that what a viewer was handed is
// what the camera showed, picture by picture.
//
// The stamp (package stamp) already tells whether a frame arrived byte by byte. A
// decoder needs more than that: every frame back to the key frame, the right
// parameter sets, no frame of another layer in between. So the viewer's stream is
// decoded as a player would do it, by ffmpeg, from the first unit to the last and
// through all changes of layer, and each picture is compared with the very same
// picture of the camera's own film.
//
// From unit to verdict:
//
//	Spool   keeps on disk every access unit as it was handed to the viewer
//	FFmpeg  the decoder: a hash of each picture that comes out, by the number of its unit
//	Film    what the camera shows, with the hash of each of its pictures
//	judge   walks through both lists side by side and counts
//	Verdict how many were compared, how many were wrong, and the first in words
//
// The units lie in an IVF file, the simplest container there is: it gives each unit
// a number that comes out of the decoder with its picture. So a picture that never
// came shifts no other, and one list is enough for a stream of two layers.
package truth
