package filtertest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"time"
)

// differentialRules makes a rule of every script: it runs bare and below the filter, and everything that can be observed
// from the client and from the handler is compared.
func differentialRules() []rule {
	var all []rule
	for _, sc := range corpus() {
		all = append(all, rule{
			id:     sc.id,
			text:   "a filter changes nothing for a handler that " + sc.name,
			reason: "whoever puts a filter around a handler counts on the rest to stay as it is",
			ref:    "net/http.Handler",
			over:   sc.over,
			check:  sc.check,
		})
	}
	return all
}

// check runs the script both ways and compares.
func (sc script) check(s *subject) error {
	bare, err := sc.play(s, func(next http.Handler) http.Handler { return next })
	if err != nil {
		return fmt.Errorf("bare: %w", err)
	}
	behind, err := sc.play(s, s.filter)
	if err != nil {
		return err
	}
	return compare(bare, behind, s.declared)
}

// none is what is said of something that is not there.
const none = "none"

// An observation is everything that one run of a script showed.
type observation struct {
	early    []early
	answer   *answer
	saw      []string    // by the handler
	fields   http.Header // of the request, as the handler saw them
	panicked string      // what came out of the filter
}

// play runs the script once and returns when its handler has ended and the client has read what came.
func (sc script) play(s *subject, f func(http.Handler) http.Handler) (*observation, error) {
	seen := &observation{panicked: none}
	t := &turn{subject: s}
	t.read.Store(-1)
	ended := make(chan struct{})
	at := s.serveBelow(f, func(w http.ResponseWriter, r *http.Request) {
		t.w, t.r = w, r
		for _, do := range sc.steps {
			do(t)
		}
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			defer func() {
				if p := recover(); p != nil {
					seen.panicked = fmt.Sprint(p)
					panic(p)
				}
			}()
			next.ServeHTTP(w, r)
		}
	})
	seen.answer = at.follow(sc.request(at, seen), t)
	if !s.wait(ended) && !isClosed(ended, s.limit) {
		return nil, fmt.Errorf("the handler did not end: %v", seen.answer.cut)
	}
	if err := at.reached(); err != nil {
		return nil, err
	}
	seen.saw, seen.fields = t.saw, t.fields
	return seen, nil
}

// isClosed gives a handler that waited in vain the time to end.
func isClosed(ended <-chan struct{}, limit time.Duration) bool {
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// request makes the script's request, which notes informational responses. Bare and behind the filter it is the same,
// the name of the host included.
func (sc script) request(at *site, seen *observation) *http.Request {
	var body io.Reader
	if sc.body != "" {
		body = strings.NewReader(sc.body)
	}
	if sc.chunked {
		body = struct{ io.Reader }{body}
	}
	r := at.request(cmp.Or(sc.method, http.MethodGet), cmp.Or(sc.target, "/script?q=1"), body, sc.fields...)
	r.Host = "kit.example"
	r.Trailer = sc.trailer.Clone()
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			seen.early = append(seen.early, early{code, header})
			return nil
		},
	}))
}

// follow is send that tells the turn how far the client has read.
func (at *site) follow(r *http.Request, t *turn) *answer {
	res, err := at.client.Do(r)
	if err != nil {
		return &answer{cut: err}
	}
	defer res.Body.Close()
	t.read.Store(0)
	a := &answer{Response: res}
	var raw, body bytes.Buffer
	from := &tap{from: res.Body, into: &raw}
	if res.Header.Get("Content-Encoding") == "gzip" {
		_, a.bad = io.Copy(&body, &tap{from: decode(res.Header, from), count: t})
		io.Copy(io.Discard, from) // what stands behind the coded body
		if raw.Len() == 0 {
			a.bad = nil // HEAD and 304 have the label and no body
		}
	} else {
		io.Copy(&body, &tap{from: from, count: t})
	}
	a.raw, a.body, a.cut = raw.Bytes(), body.Bytes(), from.err
	return a
}

// A tap reads on for somebody else, keeps what it read, counts it for a turn, and remembers the error that is no end.
type tap struct {
	from  io.Reader
	into  *bytes.Buffer
	count *turn
	err   error
}

// Read reads from what is tapped.
func (p *tap) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	if p.into != nil {
		p.into.Write(b[:n])
	}
	if p.count != nil {
		p.count.read.Add(int64(n))
	}
	if err != nil && err != io.EOF {
		p.err = err
	}
	return n, err
}
