package redislimit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A circuit keeps requests from waiting for a Redis that fails, and logs when it begins to fail and when it is back.
type circuit struct {
	pause  time.Duration
	logger *slog.Logger // nil: slog.Default

	mu      sync.Mutex
	down    error     // of every request in an outage; nil: there is none
	changed time.Time // when down did
	next    time.Time // when Redis is asked again in an outage
}

// open returns an error if Redis is not to be asked now. In an outage, one request each pause gets none.
func (c *circuit) open() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down == nil {
		return nil
	}
	now := time.Now()
	if now.Before(c.next) {
		return c.down
	}
	c.next = now.Add(c.pause)
	return nil
}

// report tells what came of asking. It is of no interest when that began before the last change: others know better.
func (c *circuit) report(ctx context.Context, began time.Time, err error) {
	c.mu.Lock()
	if began.Before(c.changed) || (err != nil) == (c.down != nil) {
		c.mu.Unlock()
		return
	}
	now := time.Now()
	lasted := now.Sub(c.changed)
	c.changed, c.next, c.down = now, now.Add(c.pause), nil
	if err != nil {
		c.down = fmt.Errorf("redislimit: Redis has failed, and is not asked: %w", err)
	}
	c.mu.Unlock()

	logger := c.logger
	if logger == nil {
		logger = slog.Default()
	}
	if err != nil {
		logger.ErrorContext(ctx, "redislimit: Redis fails: limits do not hold over several processes", "error", err)
	} else {
		logger.InfoContext(ctx, "redislimit: Redis is back", "outage", lasted)
	}
}
