package explain

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

// Recorder notes what one request and its response are at each probe of a site. It is for one request.
type Recorder struct {
	times bool

	mu      sync.Mutex
	steps   []*step // in the order in which they were asked
	open    []*step // those that are at work, outermost first
	log     []string
	entered bool
	over    bool          // what comes now is not noted any more
	ended   chan struct{} // closed when the site has returned
}

// step is a filter or an app that the request came to.
type step struct {
	Number  int      `json:"number"`  // in the order in which they were asked
	Parent  int      `json:"parent"`  // the number of the one that asked it; 0: none
	Section string   `json:"section"` // such as "filter.gzip"
	Part    string   `json:"part"`    // such as "compress"
	Place   string   `json:"place"`   // file:line
	In      asked    `json:"request"` // as it came
	Out     *reply   `json:"response,omitempty"`
	Panic   string   `json:"panic,omitempty"`
	Log     []string `json:"log,omitempty"`
	MS      float64  `json:"milliseconds"`
	Unended bool     `json:"unended,omitempty"` // it was still at work when the time was up

	inner  []*step // those that it asked in its turn
	node   *deploy.Node
	before http.Header // fields of the response that were set when the request came
	ctx    context.Context
	start  time.Time
}

// asked is a request at one place in the stack.
type asked struct {
	Method     string      `json:"method"`
	Host       string      `json:"host"`
	ScriptName string      `json:"scriptName"` // as the client wrote it, and so is PathInfo
	PathInfo   string      `json:"pathInfo"`
	Path       string      `json:"path"` // PathInfo, decoded
	Query      string      `json:"query,omitempty"`
	Peer       string      `json:"peer"`
	Client     string      `json:"client,omitempty"` // rewrite.Client
	User       string      `json:"user,omitempty"`   // rewrite.User
	ID         string      `json:"id,omitempty"`     // filter.ID
	Length     int64       `json:"length"`           // of the body; -1: unknown
	Header     http.Header `json:"header"`

	script string // the script name, decoded
	domain string // the host that the client named, as mounts compare it
}

// NewRecorder returns a recorder. With times, lines of the log have those that are in them.
func NewRecorder(times bool) *Recorder {
	return &Recorder{times: times, ended: make(chan struct{})}
}

// Probe returns next with a place to look at around it. It is what deploy.Site.Trace wants.
func (rec *Recorder) Probe(n *deploy.Node, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := rec.enter(n, w, r)
		defer rec.leave(s, w)
		inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
				return &passage{rec: rec, out: rec.head(s, h), dst: dst}
			})
		})
		capture.Observe(w, r, inside, func(_ *http.Request, sent capture.Sent) { rec.sent(s, sent) })
	})
}

// enter notes a request that comes to a node.
func (rec *Recorder) enter(n *deploy.Node, w http.ResponseWriter, r *http.Request) *step {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.over {
		return &step{}
	}
	s := &step{
		Number: len(rec.steps) + 1, Section: n.Section, Part: n.Use, Place: fmt.Sprintf("%s:%d", n.Pos.File, n.Pos.Line),
		In: askedOf(r), node: n, before: w.Header().Clone(), ctx: r.Context(), start: time.Now(),
	}
	if len(rec.open) > 0 {
		outer := rec.open[len(rec.open)-1]
		s.Parent = outer.Number
		outer.inner = append(outer.inner, s)
	}
	rec.steps = append(rec.steps, s)
	rec.open = append(rec.open, s)
	return s
}

// leave notes that a node has returned, or has panicked. A panic goes on.
func (rec *Recorder) leave(s *step, w http.ResponseWriter) {
	v := recover()
	rec.mu.Lock()
	if !rec.over {
		rec.left(s, v, w.Header())
	}
	rec.mu.Unlock()
	if v != nil {
		panic(v)
	}
}

// left is leave with the lock held.
func (rec *Recorder) left(s *step, panicked any, header http.Header) {
	s.MS = float64(time.Since(s.start).Microseconds()) / 1000
	for i, open := range rec.open {
		if open == s {
			rec.open = rec.open[:i]
			break
		}
	}
	switch {
	case panicked != nil:
		s.Panic = fmt.Sprint(panicked)
	case s.Out != nil && !s.Out.Hijacked:
		s.Out.Trailer = trailers(s.Out.Header, header)
	}
}

// head notes the head of a response that leaves a node.
func (rec *Recorder) head(s *step, h *capture.Head) *reply {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	out := &reply{Status: h.Status, Header: h.Header.Clone(), hash: sha256.New()}
	if !rec.over {
		s.Out = out
	}
	return out
}

// sent notes what became of a response.
func (rec *Recorder) sent(s *step, sent capture.Sent) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if s.Out == nil && sent.Hijacked && !rec.over {
		s.Out = &reply{Hijacked: true}
	}
	if s.Out == nil || rec.over {
		return
	}
	s.Out.Cut = sent.Cut
	s.Out.sum()
}

// stop ends the notes: what is still at work is left to itself.
func (rec *Recorder) stop() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.over {
		return
	}
	rec.over = true
	for _, s := range rec.open {
		s.Unended = true
		s.Out.sum()
		s.MS = float64(time.Since(s.start).Microseconds()) / 1000
	}
}

// Write takes the lines of a log. They belong to what is at work.
func (rec *Recorder) Write(line []byte) (int, error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	text := strings.TrimSuffix(string(line), "\n")
	if rec.over || strings.HasPrefix(text, "http: panic serving ") { // which is said of the step
		return len(line), nil
	}
	if i := len(rec.open) - 1; i >= 0 {
		rec.open[i].Log = append(rec.open[i].Log, text)
	} else {
		rec.log = append(rec.log, text)
	}
	return len(line), nil
}

// Logger returns a logger whose lines are those of the step that is at work. Without times: they differ from one run to
// the next.
func (rec *Recorder) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(rec, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey || !rec.times && a.Value.Kind() == slog.KindDuration {
			return slog.Attr{}
		}
		return a
	}}))
}

func askedOf(r *http.Request) asked {
	a := asked{
		Method: r.Method, Host: r.Host, ScriptName: rewrite.EscapedScriptName(r), PathInfo: r.URL.EscapedPath(), Path: r.URL.Path,
		Query: r.URL.RawQuery, Peer: r.RemoteAddr, Length: r.ContentLength, Header: r.Header.Clone(), script: rewrite.ScriptName(r),
	}
	host, _ := rewrite.NamedHost(r)
	a.domain, _, _ = rewrite.SplitHost(host)
	a.User, _ = rewrite.User.Value(r.Context())
	a.ID, _ = filter.ID.Value(r.Context())
	if client, ok := rewrite.Client.Value(r.Context()); ok {
		a.Client = client.String()
	}
	return a
}

// sameContext says whether two requests have one context, as far as that can be compared.
func sameContext(a, b context.Context) bool {
	return reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}
