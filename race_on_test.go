//go:build race

package ctcbr

// raceEnabled says that the race detector is on, which takes allocations of its own.
const raceEnabled = true
