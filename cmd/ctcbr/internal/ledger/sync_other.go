//go:build !unix

package ledger

// syncDir does nothing where directories cannot be synced.
func syncDir(string) error { return nil }
