package roq

import "fmt"

// ErrorCode says why a stream or a connection ends (draft, "Error Handling").
type ErrorCode uint64

// The codes of draft-ietf-avtcore-rtp-over-quic-14.
const (
	NoError             ErrorCode = 0x00 // ROQ_NO_ERROR: a normal end
	GeneralError        ErrorCode = 0x01 // ROQ_GENERAL_ERROR: nothing else fits
	InternalError       ErrorCode = 0x02 // ROQ_INTERNAL_ERROR: our own fault
	PacketError         ErrorCode = 0x03 // ROQ_PACKET_ERROR: framing or payload is broken
	StreamCreationError ErrorCode = 0x04 // ROQ_STREAM_CREATION_ERROR: a stream of a kind not accepted
	FrameCancelled      ErrorCode = 0x05 // ROQ_FRAME_CANCELLED: what the stream carried is not wanted any more
	UnknownFlowID       ErrorCode = 0x06 // ROQ_UNKNOWN_FLOW_ID: nobody here knows this flow
	ExpectationUnmet    ErrorCode = 0x07 // ROQ_EXPECTATION_UNMET: what was agreed is not kept
)

// String returns the draft's name of the code.
func (c ErrorCode) String() string {
	switch c {
	case NoError:
		return "ROQ_NO_ERROR"
	case GeneralError:
		return "ROQ_GENERAL_ERROR"
	case InternalError:
		return "ROQ_INTERNAL_ERROR"
	case PacketError:
		return "ROQ_PACKET_ERROR"
	case StreamCreationError:
		return "ROQ_STREAM_CREATION_ERROR"
	case FrameCancelled:
		return "ROQ_FRAME_CANCELLED"
	case UnknownFlowID:
		return "ROQ_UNKNOWN_FLOW_ID"
	case ExpectationUnmet:
		return "ROQ_EXPECTATION_UNMET"
	default:
		return fmt.Sprintf("ROQ error %#x", uint64(c))
	}
}
