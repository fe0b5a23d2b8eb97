package fcgi

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// Pool keeps connections to servers that are alike: each can answer every request.
//
// A responder such as php-fpm has a process for each connection, busy or not, and leaves
// further ones in its queue. A pool that keeps as many idle connections as there are
// processes would wait for ever on a new one. So it closes an idle connection for every
// tenth of a second that a new one has no answer.
type Pool struct {
	Servers []string
	Dial    func(ctx context.Context, server string) (net.Conn, error)
	Idle    int           // how many idle connections are kept at most
	Timeout time.Duration // how long an idle connection is kept

	mu    sync.Mutex
	turn  int
	idle  []idle // the last one used last
	down  map[string]time.Time
	clock *time.Timer // closes what is idle for too long
	done  bool
}

type idle struct {
	conn  *Conn
	since time.Time
}

// patience is how long a new connection may be without an answer before an idle one is
// closed for its sake.
const patience = 100 * time.Millisecond

// downFor is how long a server that could not be reached is tried after the others.
const downFor = time.Second

// Get returns a connection, and whether it was used before: then the server may have
// closed it just now.
func (p *Pool) Get(ctx context.Context, fresh bool) (conn *Conn, used bool, err error) {
	for !fresh {
		conn := p.pop()
		if conn == nil {
			break
		}
		if conn.Alive() {
			return conn, true, nil
		}
		_ = conn.Close()
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	conn = NewConn(c)
	p.yield(conn)
	return conn, false, nil
}

func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	conn := p.idle[last].conn
	p.idle = slices.Delete(p.idle, last, last+1)
	return conn
}

// Put gives a connection back that is clean, for another request.
func (p *Pool) Put(conn *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done || len(p.idle) >= p.Idle {
		_ = conn.Close()
		return
	}
	p.idle = append(p.idle, idle{conn, time.Now()})
	if p.clock == nil {
		p.clock = time.AfterFunc(p.Timeout, p.sweep)
	}
}

// Close closes the idle connections. Those in use end with their requests.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	for _, i := range p.idle {
		_ = i.conn.Close()
	}
	p.idle = nil
}

// sweep closes what has been idle for too long.
func (p *Pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := time.Now().Add(-p.Timeout)
	n := 0
	for ; n < len(p.idle) && !p.idle[n].since.After(old); n++ {
		_ = p.idle[n].conn.Close()
	}
	p.idle = slices.Delete(p.idle, 0, n)
	if p.clock = nil; len(p.idle) > 0 {
		p.clock = time.AfterFunc(p.idle[0].since.Sub(old), p.sweep)
	}
}

// yield closes an idle connection for each while that conn has had no answer.
func (p *Pool) yield(conn *Conn) {
	time.AfterFunc(patience, func() {
		if conn.answered.Load() {
			return
		}
		p.mu.Lock()
		if len(p.idle) > 0 {
			_ = p.idle[0].conn.Close()
			p.idle = slices.Delete(p.idle, 0, 1)
		}
		p.mu.Unlock()
		p.yield(conn)
	})
}

// dial connects to the next server that can be reached.
func (p *Pool) dial(ctx context.Context) (net.Conn, error) {
	var errs []error
	for _, server := range p.order() {
		conn, err := p.Dial(ctx, server)
		p.reached(server, err == nil || ctx.Err() != nil)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return nil, errors.New("fcgi: no server is configured")
	}
	return nil, errors.Join(errs...)
}

// order returns the servers in turn, those last that were down just now.
func (p *Pool) order() []string {
	if len(p.Servers) == 1 {
		return p.Servers
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var up, down []string
	for i := range p.Servers {
		server := p.Servers[(p.turn+i)%len(p.Servers)]
		if time.Since(p.down[server]) < downFor {
			down = append(down, server)
		} else {
			up = append(up, server)
		}
	}
	p.turn++
	return append(up, down...)
}

func (p *Pool) reached(server string, ok bool) {
	if ok && len(p.Servers) == 1 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok {
		delete(p.down, server)
		return
	}
	if p.down == nil {
		p.down = make(map[string]time.Time)
	}
	p.down[server] = time.Now()
}
