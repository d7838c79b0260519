package roq

import (
	"errors"

	fork "github.com/apernet/quic-go"
	stock "github.com/quic-go/quic-go"
)

func adaptStock(c *stock.Conn) Connection {
	return Adapt(c, func(err error) int {
		var large *stock.DatagramTooLargeError
		if errors.As(err, &large) {
			return int(large.MaxDatagramPayloadSize)
		}
		return 0
	})
}
func adaptFork(c *fork.Conn) Connection {
	return Adapt(c, func(err error) int {
		var large *fork.DatagramTooLargeError
		if errors.As(err, &large) {
			return int(large.MaxDatagramPayloadSize)
		}
		return 0
	})
}
