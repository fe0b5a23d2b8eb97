package filter

import (
	"container/list"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// ConcurrencyOptions are the options of [Concurrency]. The zero value counts all requests together and lets none wait.
type ConcurrencyOptions struct {
	// Queue is how many requests may wait until one of those that are served ends. Zero lets none wait. With ByClient
	// or Key it is as many for each.
	Queue int

	// QueueTimeout is how long a request waits before it is refused. Zero means 10 seconds. Without a Queue it
	// makes no sense.
	QueueTimeout time.Duration

	// RetryAfter is what a request that was refused is told, in whole seconds, rounded up: after which time to come
	// back. Zero means one second. Nobody can know it; one that is too short lets the refused come back at once.
	RetryAfter time.Duration

	// ByClient counts the requests of each client address by themselves. Addresses are those that [RateLimit] counts by,
	// without a key of its own: of an IPv6 address the first 64 bits count.
	ByClient bool

	// Key names whom a request is counted for, by any text, as that of [RateLimit] does: requests with equal texts are
	// counted together, and the empty text stands for the client address. A text that the client may choose gives it
	// as many places as it likes. Nil counts all requests together, or with ByClient those of each address.
	Key func(*http.Request) string

	// MaxKeys is of how many keys, or clients, requests may be served or wait at one time. A request of one more is
	// refused. A key whose last request has ended takes no memory. Zero means 65,536. Without Key and ByClient it makes
	// no sense.
	MaxKeys int
}

// Concurrency returns a filter that serves limit requests at a time, those of all handlers that it is bound to counted
// together. With ByClient or Key in the options it serves limit requests at a time for each client or key.
//
// A request too many waits, if there is a Queue and it has room. Those that wait are served in the order in which they
// came. One that finds no room, or has waited for QueueTimeout, is answered with 503 (Service Unavailable, RFC 9110
// §15.6.4) and Retry-After; nothing of its body is read. A client that goes away, or a context that a filter further out
// ends, frees its place in the queue at once, and no handler runs. Over HTTP/1 a server notices that a client is gone
// only when the body of its request has been read: until then, one with a body waits for its turn or for QueueTimeout.
//
// The place of a request is free again when its handler has returned, panics or not. A handler that hijacks the
// connection, for a WebSocket as a rule, keeps its place until it returns, and so does one that streams: event streams
// soon fill a small limit. Take them out with weir.When.
//
// The memory is bounded by the Queue, and by MaxKeys times limit and Queue for each key; a second filter around
// this one, without keys, bounds what all of them take together. Requests in the queue cost a goroutine each, that of
// the server. A filter that stands in one stack twice takes two places for a request.
//
// A limit below 1, a negative option, a QueueTimeout without a Queue, and MaxKeys without keys panic when the filter is
// made.
//
// It belongs inside of RateLimit, which refuses at less cost, and of Timeout, whose time then includes the wait; outside
// of everything that costs memory or work.
func Concurrency(limit int, o ConcurrencyOptions) func(http.Handler) http.Handler {
	c := newConcurrency(limit, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Concurrency: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, next) })
	}
}

type concurrency struct {
	limit, queue, maxKeys int
	patience              time.Duration // in the queue
	retryAfter            string
	keyed                 bool
	key                   func(*http.Request) string // nil: by address
	texts                 textKeyer

	mu    sync.Mutex
	lanes map[rateKey]*lane // of those with requests; the zero key has those of all together
}

// lane is where the requests of one key are served, and wait in a line.
type lane struct {
	running int
	waiting list.List // of chan struct{}, closed when it is that request's turn
}

func newConcurrency(limit int, o ConcurrencyOptions) *concurrency {
	keyed := o.ByClient || o.Key != nil
	switch {
	case limit < 1:
		panic(fmt.Sprintf("filter.Concurrency: limit is %d, which would refuse every request", limit))
	case o.Queue < 0:
		panic(fmt.Sprintf("filter.Concurrency: Queue is %d, below 0", o.Queue))
	case o.QueueTimeout < 0:
		panic(fmt.Sprintf("filter.Concurrency: QueueTimeout is %v, below 0", o.QueueTimeout))
	case o.QueueTimeout > 0 && o.Queue == 0:
		panic("filter.Concurrency: QueueTimeout is set, but there is no Queue")
	case o.RetryAfter < 0:
		panic(fmt.Sprintf("filter.Concurrency: RetryAfter is %v, below 0", o.RetryAfter))
	case o.MaxKeys < 0:
		panic(fmt.Sprintf("filter.Concurrency: MaxKeys is %d, below 0", o.MaxKeys))
	case o.MaxKeys > 0 && !keyed:
		panic("filter.Concurrency: MaxKeys is set, but neither Key nor ByClient")
	}
	c := &concurrency{limit: limit, queue: o.Queue, maxKeys: o.MaxKeys, patience: o.QueueTimeout, keyed: keyed, key: o.Key,
		texts: newTextKeyer(), retryAfter: strconv.FormatInt(seconds(o.RetryAfter), 10), lanes: make(map[rateKey]*lane)}
	if c.maxKeys == 0 {
		c.maxKeys = 1 << 16
	}
	if c.patience == 0 {
		c.patience = 10 * time.Second
	}
	return c
}

func (c *concurrency) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	k := c.keyOf(r)
	if !c.enter(r.Context(), k) {
		w.Header().Set("Retry-After", c.retryAfter)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	defer c.leave(k)
	next.ServeHTTP(w, r)
}

// keyOf returns the key of r, the zero one where all are counted together.
func (c *concurrency) keyOf(r *http.Request) rateKey {
	if !c.keyed {
		return rateKey{}
	}
	if c.key != nil {
		if s := c.key(r); s != "" {
			return c.texts.key(s)
		}
	}
	return addrKey(rewrite.ClientOf(r))
}

// enter takes a place for a request, and waits for it if need be. It reports whether there was one.
func (c *concurrency) enter(ctx context.Context, k rateKey) bool {
	c.mu.Lock()
	l := c.lanes[k]
	switch {
	case l == nil && len(c.lanes) >= c.maxKeys:
		c.mu.Unlock()
		return false
	case l == nil:
		c.lanes[k] = &lane{running: 1}
		c.mu.Unlock()
		return true
	case l.running < c.limit: // then nobody waits
		l.running++
		c.mu.Unlock()
		return true
	case l.waiting.Len() >= c.queue:
		c.mu.Unlock()
		return false
	}
	turn := make(chan struct{})
	place := l.waiting.PushBack(turn)
	c.mu.Unlock()
	return c.wait(ctx, k, l, place, turn)
}

// wait waits for the turn of a request that is in l's line, and takes it out of the line if it is not to come.
func (c *concurrency) wait(ctx context.Context, k rateKey, l *lane, place *list.Element, turn chan struct{}) bool {
	timer := time.NewTimer(c.patience)
	defer timer.Stop()
	select {
	case <-turn:
	case <-timer.C:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-turn:
		if ctx.Err() == nil {
			return true
		}
		c.pass(k, l) // nobody is there to be served
	default:
		l.waiting.Remove(place)
	}
	return false
}

// leave gives up the place of a request of k that has been served.
func (c *concurrency) leave(k rateKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pass(k, c.lanes[k])
}

// pass gives a place in l to who has waited longest, or leaves it free.
func (c *concurrency) pass(k rateKey, l *lane) {
	if first := l.waiting.Front(); first != nil {
		close(l.waiting.Remove(first).(chan struct{}))
		return
	}
	if l.running--; l.running == 0 && c.keyed {
		delete(c.lanes, k)
	}
}
