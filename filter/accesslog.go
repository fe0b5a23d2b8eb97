package filter

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// AccessLogOptions are the options of [AccessLog]. The zero value is right for
// most programs.
type AccessLogOptions struct {
	// Logger gets one record for each request. Nil means [slog.Default],
	// asked for each time.
	Logger *slog.Logger

	// Level chooses the level of a record. Nil means Error for a status of
	// 500 and above, Warn for a response that was cut, Info for all others:
	// a 404 is the client's doing, and a scanner makes them by the thousand.
	Level func(sent capture.Sent) slog.Level

	// Attrs adds attributes to a record, such as the query, which is left
	// out because it may hold secrets. Nil adds none. It runs when the
	// request has been served.
	Attrs func(r *http.Request) []slog.Attr
}

// AccessLog returns a filter that logs one record for each request, when it has
// been served. It neither answers nor changes anything.
//
// The record's message is "request". Its attributes are
//
//   - method, and path: the path as the client sent it, escaped, whatever
//     prefix was taken off it on the way here;
//   - status, and bytes: the size of the body as it passed AccessLog;
//   - duration: from here to the end of the handler;
//   - client: the address in [rewrite.Client], where a filter further out set
//     it, "unknown" where it found out that nobody knows it, or else that of the
//     connection;
//   - protocol: HTTP/1.1 and the like;
//   - pattern: that of the [http.ServeMux] further in, if there is one;
//   - user and id: the values of [rewrite.User] and [ID], if they are set;
//   - hijacked: true, when the handler took over the connection; its status is
//     0 then, and its bytes are not counted;
//   - cut: true, when the handler panicked or its response fell short, so that
//     the client got none or only a part of it. The panic goes on. The status
//     is 0 when not even the head was sent.
//
// Filters hand on copies of the request: what one further in writes into its
// context, such as a user who is found out behind AccessLog, is not seen here.
// Put AccessLog inside of what sets Client, User and ID, or set them further
// out.
//
// In a stack it stands outside of everything whose answers are to be logged.
// Outside of Compress it counts the compressed bytes. Text that a client sends
// cannot forge a record: the handlers of package slog quote control characters.
func AccessLog(o AccessLogOptions) func(http.Handler) http.Handler {
	if o.Level == nil {
		o.Level = levelOf
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.AccessLog: next is nil")
		}
		l := &accessLog{AccessLogOptions: o, next: next}
		l.visits.New = func() any {
			v := &visit{log: l}
			v.report = v.done
			return v
		}
		return l
	}
}

// levelOf is the default of AccessLogOptions.Level.
func levelOf(sent capture.Sent) slog.Level {
	switch {
	case sent.Status >= 500:
		return slog.LevelError
	case sent.Cut:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

type accessLog struct {
	AccessLogOptions
	next   http.Handler
	visits sync.Pool // of *visit
}

func (l *accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := l.visits.Get().(*visit)
	v.start = time.Now()
	capture.Observe(w, r, l.next, v.report)
}

// visit is what there is to remember of a request while it is served. It is
// pooled with its method bound, so that a request costs no closure.
type visit struct {
	log    *accessLog
	start  time.Time
	report func(*http.Request, capture.Sent) // done
}

func (v *visit) done(r *http.Request, sent capture.Sent) {
	l, duration := v.log, time.Since(v.start)
	l.visits.Put(v)
	logger := l.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if level := l.Level(sent); logger.Enabled(r.Context(), level) {
		l.record(logger, level, r, sent, duration)
	}
}

func (l *accessLog) record(logger *slog.Logger, level slog.Level, r *http.Request, sent capture.Sent, duration time.Duration) {
	var array [12]slog.Attr
	attrs := append(array[:0],
		slog.String("method", r.Method),
		slog.String("path", requestPath(r)),
		slog.Int("status", sent.Status),
		slog.Int64("bytes", sent.Bytes),
		slog.Duration("duration", duration),
		slog.String("client", clientAddr(r)),
		slog.String("protocol", r.Proto))
	if r.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", r.Pattern))
	}
	if user, ok := rewrite.User.Value(r.Context()); ok {
		attrs = append(attrs, slog.String("user", user))
	}
	if id, ok := ID.Value(r.Context()); ok {
		attrs = append(attrs, slog.String("id", id))
	}
	if sent.Hijacked {
		attrs = append(attrs, slog.Bool("hijacked", true))
	}
	if sent.Cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	if l.Attrs != nil {
		attrs = append(attrs, l.Attrs(r)...)
	}
	logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// requestPath is the path that the client asked for, without the query, or
// the authority of a CONNECT request.
func requestPath(r *http.Request) string {
	if r.Method != http.MethodConnect && !strings.HasPrefix(r.RequestURI, "/") {
		return r.URL.EscapedPath() // in absolute form, or not from a server
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

// clientAddr is the client's address without its port.
func clientAddr(r *http.Request) string {
	if addr, ok := rewrite.Client.Value(r.Context()); ok {
		return hop{addr: addr}.name()
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
