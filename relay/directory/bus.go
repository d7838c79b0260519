package directory

import "context"

// Bus carries messages between the directories of a county, or between those of a county
// and the level above. A message arrives once or not at all. All methods may be called
// from any goroutine; what they are given to call runs in goroutines of the bus, one
// message of a subject at a time.
type Bus interface {
	// Publish sends a message to whoever listens. It does not wait; without a
	// connection it fails.
	Publish(subject string, body []byte) error
	// Listen hears a subject or a pattern until stop is called. A listener that is too
	// slow loses messages.
	Listen(subject string, hear func(subject string, body []byte)) (stop func(), err error)
	// Ask sends a question to one of those who answer the subject and waits for that.
	Ask(ctx context.Context, subject string, body []byte) ([]byte, error)
	// Answer answers questions on a subject or a pattern until stop is called. Of all
	// who answer one, one is asked, nearest first. Nil is no answer.
	Answer(subject string, answer func(ctx context.Context, subject string, body []byte) []byte) (stop func(), err error)
	// Up has something in it after each time the connection has come up.
	Up() <-chan struct{}
}
