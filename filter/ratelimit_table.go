package filter

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A rateTable holds one token bucket per key in memory of a fixed size. It is built like the cache of a processor:
// a key has two groups of cells where it may stand, found by a hash that nobody outside can foretell, and both are
// looked through. So there are no pointers, no links and no list to keep in order; a request costs one lock and a few
// cache lines, and room is found among 2 × groupSize cells at most, whatever the size of the table.
type rateTable struct {
	limit  float64 // tokens a second, more than 0 and finite
	burst  float64 // tokens of a full bucket, at least 1
	seed   maphash.Seed
	start  time.Time
	shards []rateShard // a power of two of them, so that cores seldom meet at one lock
}

type rateShard struct {
	mu     sync.Mutex
	groups []rateGroup
	_      [96]byte // neighbours' locks are on cache lines of their own, also where those are fetched in pairs
}

const (
	groupSize = 8
	// shardCells is how many cells a shard has at least before there is a second one: few enough that the locks
	// are many, and enough that chance fills the shards evenly.
	shardCells = 1024
	maxShards  = 256
)

// The keys stand together, since most of a look-up is comparing them.
type rateGroup struct {
	keys  [groupSize]rateKey
	cells [groupSize]rateCell
}

// A rateCell is the state of one bucket, in the terms of rate.Limiter: so many tokens at the time of the last request
// that was let through, in nanoseconds since the table was made. The textbook GCRA cell keeps one time in place of the
// two values, and has to round the interval between two requests to do so; with this one every decision is exactly
// rate.Limiter's.
type rateCell struct {
	tokens float64
	last   int64
}

// newRateTable returns a table of at least maxKeys cells, each of them 32 bytes.
func newRateTable(limit rate.Limit, burst, maxKeys int) *rateTable {
	n := min(max(maxKeys/shardCells, 1), maxShards)
	n = 1 << (bits.Len(uint(n)) - 1)
	groups := (maxKeys-1)/(n*groupSize) + 1
	t := &rateTable{
		limit:  float64(limit),
		burst:  float64(burst),
		seed:   maphash.MakeSeed(),
		start:  time.Now(),
		shards: make([]rateShard, n),
	}
	all := make([]rateGroup, n*groups) // in one piece, since the allocator rounds up every one
	for i := range t.shards {
		t.shards[i].groups = all[i*groups : (i+1)*groups : (i+1)*groups]
	}
	return t
}

// now is the monotonic clock, which no change of the wall clock moves.
func (t *rateTable) now() int64 { return int64(time.Since(t.start)) }

// take asks for n tokens of k's bucket at the time now. It returns what is left, and whether the tokens were there.
func (t *rateTable) take(k rateKey, n int, now int64) (left float64, ok bool) {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], k.hi)
	binary.LittleEndian.PutUint64(b[8:], k.lo)
	h := maphash.Bytes(t.seed, b[:])

	s := &t.shards[h&uint64(len(t.shards)-1)]
	s.mu.Lock()
	one := &s.groups[spread(h, len(s.groups))]
	if i := one.find(k); i >= 0 {
		left, ok = t.spend(&one.cells[i], n, now)
		s.mu.Unlock()
		return left, ok
	}
	// The odd constant (2⁶⁴ over the golden ratio) makes a second place of the same hash.
	two := &s.groups[spread(h*0x9E3779B97F4A7C15, len(s.groups))]
	i := two.find(k)
	if i < 0 {
		two, i = t.place(one, two, now)
		two.keys[i] = k
		two.cells[i] = rateCell{tokens: t.burst, last: now}
	}
	left, ok = t.spend(&two.cells[i], n, now)
	s.mu.Unlock()
	return left, ok
}

// spread maps the upper half of h evenly to 0 ≤ i < n, without a division.
func spread(h uint64, n int) int { return int((h >> 32) * uint64(n) >> 32) }

func (g *rateGroup) find(k rateKey) int {
	for i := range g.keys {
		if g.keys[i] == k {
			return i
		}
	}
	return -1
}

// spend does what rate.Limiter's AllowN(now, n) does, with the same operations on float64 in the same order. It differs
// in one thing: requests that read the clock in one order and come here in the other are taken as simultaneous, where
// rate.Limiter would set its clock back and grant the same moment twice.
func (t *rateTable) spend(c *rateCell, n int, now int64) (left float64, ok bool) {
	now = max(now, c.last)
	tokens := c.tokens + time.Duration(now-c.last).Seconds()*t.limit
	tokens = min(tokens, t.burst)
	if after := tokens - float64(n); after >= 0 || t.wait(-after) == 0 && float64(n) <= t.burst {
		c.tokens, c.last = after, now
		return after, true
	}
	return tokens, false
}

// wait returns how long it takes until so many tokens have come.
func (t *rateTable) wait(tokens float64) time.Duration { return rateWait(tokens, t.limit) }

// rateWait is the time of so many tokens at limit a second, cut to nanoseconds and to 292 years as package rate does it.
func rateWait(tokens, limit float64) time.Duration {
	d := tokens / limit * float64(time.Second)
	if d > math.MaxInt64 {
		return rate.InfDuration
	}
	return time.Duration(d)
}

// place returns where a new key goes. A cell that is empty, or whose bucket is full again, says no more than no cell at
// all: of those the group with more is taken, which keeps the groups evenly filled. Where there is none, the bucket goes
// that is soonest full again: the one whose loss lets through least. An exhausted key goes last of all.
func (t *rateTable) place(one, two *rateGroup, now int64) (g *rateGroup, i int) {
	i1, at1, idle1 := t.idlest(one, now)
	i2, at2, idle2 := t.idlest(two, now)
	if idle1 > idle2 || idle1 == idle2 && at1 <= at2 {
		return one, i1
	}
	return two, i2
}

// idlest returns the cell of g that is soonest full again, when that is, and how many are already.
func (t *rateTable) idlest(g *rateGroup, now int64) (i int, at float64, idle int) {
	at = math.Inf(1)
	for j := range g.cells {
		c := &g.cells[j]
		full := 0.0
		if g.keys[j] != (rateKey{}) {
			full = float64(c.last) + (t.burst-c.tokens)/t.limit*float64(time.Second)
		}
		if full <= float64(now) {
			idle++
		}
		if full < at {
			i, at = j, full
		}
	}
	return i, at, idle
}
