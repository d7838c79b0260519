//go:build !unix

package enrol

// giveTo does nothing: files belong to who makes them.
func giveTo(string) error { return nil }
