//go:build race

package filter_test

// raceEnabled says that pools forget at random, so that allocations cannot be
// counted.
const raceEnabled = true
