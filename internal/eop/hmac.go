package eop

import "crypto/sha256"

// macKey is a key of HMAC-SHA256, as the two blocks that its hashes begin with. Unlike the hash of
// crypto/hmac it is a value: it needs no allocation, and goroutines can share it.
type macKey struct{ inner, outer [sha256.BlockSize]byte }

func newMACKey(key []byte) (m macKey) {
	if len(key) > sha256.BlockSize {
		hash := sha256.Sum256(key)
		key = hash[:]
	}
	copy(m.inner[:], key)
	copy(m.outer[:], key)
	for i := range m.inner {
		m.inner[i] ^= 0x36
		m.outer[i] ^= 0x5c
	}
	return m
}

// finish returns the HMAC of a text, given the hash of the inner block and that text.
func (m *macKey) finish(inner [sha256.Size]byte) [sha256.Size]byte {
	var text [sha256.BlockSize + sha256.Size]byte
	copy(text[:], m.outer[:])
	copy(text[sha256.BlockSize:], inner[:])
	return sha256.Sum256(text[:])
}

// hmacOf returns the HMAC-SHA256 of a text.
func hmacOf(key []byte, text string) [sha256.Size]byte {
	var space [256]byte
	m := newMACKey(key)
	return m.finish(sha256.Sum256(append(append(space[:0], m.inner[:]...), text...)))
}
