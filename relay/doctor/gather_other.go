//go:build !linux

package doctor

func hasAES() *bool { return nil }

func (f *Facts) system(string) {}
