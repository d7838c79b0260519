// Package repair brings back RTP packets that a link loses, in time for their
// frame where that is possible and soon after where it is not.
//
// One loop, three moves. The sender adds parity to a frame when its LossModel and
// its Planner say that it pays (proactive). The receiver says how many packets of
// which frame it misses, and the sender answers with as many fresh rows of parity
// as make it likely enough that no further round is needed: few when there is
// time for more rounds, many when this is the last (on demand). And a frame
// that is late is still repaired, because the frames after it refer to it (late).
//
// In packet order:
//
//	Sender.Push      a packet leaves on the link as plain RTP
//	Sender.Pop       parity that goes with it, on the repair flow
//	Receiver.Push    a packet came; gaps are noted
//	Receiver.PushRepair  parity came; packets are restored
//	Receiver.Pop     restored packets, byte for byte what was sent
//	Receiver.PopRequest  what is missing, for the feedback.Recorder
//	Sender.Feedback  the request arrives; Pop gives the answer
//
// Whoever ignores the repair flow still has plain RTP. All types are cores: told
// the time, not safe for concurrent use. Sender and Receiver serve one flow;
// LossModel and Planner serve one link.
package repair
