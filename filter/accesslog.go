package filter

import (
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// AccessLogOptions are the options of [AccessLog]. The zero value is right for
// most programs.
type AccessLogOptions struct {
	// Schema is what the attributes of a record are called: "ecs" has the names
	// of the Elastic Common Schema, "otel" those of OpenTelemetry's semantic
	// conventions. With "common" and "combined" there is a line of text in place
	// of the record, in the format of Apache and nginx. Empty means the names
	// above: method, path and so on. In Go, see [AccessLogSchema].
	Schema AccessLogSchema

	// Output gets the lines of the schemas "common" and "combined", which need
	// it, as others do not take it. Each line is one Write, and the writes of
	// this filter come one after the other; an error is dropped, as package slog
	// drops one. In Go, two filters may share an [os.File].
	Output io.Writer

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

	// MaxNotes is how many attributes filters and applications further in may
	// add to a record by [rewrite.Note], besides the client, the user and the id.
	// Zero means 32. What comes after that is dropped, and the record says how
	// many did: notes_dropped. Below zero nothing that is set or noted further in
	// is seen, which spares each request an allocation of 384 bytes, unless a
	// [CacheControl] further in needs it.
	MaxNotes int
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
//   - client: the address in [rewrite.Client], if it is set, "unknown" where a
//     filter found out that nobody knows it, or else that of the connection;
//   - protocol: HTTP/1.1 and the like;
//   - pattern: that of the [http.ServeMux] further in, if there is one;
//   - user and id: the values of [rewrite.User] and [ID], if they are set;
//   - hijacked: true, when the handler took over the connection; its status is
//     0 then, and its bytes are not counted;
//   - cut: true, when the handler panicked or its response fell short, so that
//     the client got none or only a part of it. The panic goes on. The status
//     is 0 when not even the head was sent;
//   - what Attrs says, and then what was noted by [rewrite.Note] further in,
//     until the handler returned. A note never gets into the record of another
//     request.
//
// Client, User and ID count wherever they are set, further out or further in,
// since setting one notes it; the one that was set last counts. An application
// that signs users in by itself notes them as "user", and so tells CacheControl.
// What else filters further in write into the context of their copies of the
// request is not seen here.
//
// In a stack it stands outside of everything whose answers are to be logged.
// Outside of Compress it counts the compressed bytes. Text that a client sends
// cannot forge a record: the handlers of package slog quote control characters.
//
// Schema gives the attributes other names, or makes the record a line of text. A
// Schema that is none of those, lines without an Output or with a Logger, a Level
// or Attrs, or an Output without lines panics when the filter is made.
func AccessLog(o AccessLogOptions) func(http.Handler) http.Handler {
	o.check()
	if o.Level == nil {
		o.Level = levelOf
	}
	switch {
	case o.Schema.isText():
		o.MaxNotes = min(o.MaxNotes, 0) // that is, but for the user and the client
	case o.MaxNotes == 0:
		o.MaxNotes = 32
	}
	writing := new(sync.Mutex)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.AccessLog: next is nil")
		}
		l := &accessLog{AccessLogOptions: o, next: next, pc: here(), writing: writing}
		l.visits.New = func() any {
			v := &visit{log: l}
			v.report = v.done
			return v
		}
		return l
	}
}

// here is the place where it is called.
func here() uintptr {
	var pcs [1]uintptr
	runtime.Callers(2, pcs[:])
	return pcs[0]
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
	next    http.Handler
	pc      uintptr     // the place that a record names as its source
	visits  sync.Pool   // of *visit
	writing *sync.Mutex // held while Output is written to
}

func (l *accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := l.visits.Get().(*visit)
	v.start = time.Now()
	if l.MaxNotes < 0 {
		v.ServeHTTP(w, r)
		return
	}
	edited, notes := rewrite.TakeNotes(r, l.MaxNotes)
	v.notes = notes
	rewrite.Serve(w, r, edited, v)
}

// visit is what there is to remember of a request while it is served. It is
// pooled with its method bound, so that a request costs no closure.
type visit struct {
	log    *accessLog
	start  time.Time
	notes  *rewrite.Notes                    // nil: none are taken
	report func(*http.Request, capture.Sent) // done
	line   []byte                            // room for one
}

func (v *visit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	capture.Observe(w, r, v.log.next, v.report)
}

func (v *visit) done(r *http.Request, sent capture.Sent) {
	e := entry{r: r, sent: sent, start: v.start, ended: time.Now()}
	if v.notes != nil {
		e.notes, e.dropped = v.notes.Close()
	}
	l := v.log
	v.notes = nil
	if l.Output != nil {
		e.identify()
		v.line = e.appendLine(v.line[:0], l.Schema)
		l.write(v.line)
	}
	l.visits.Put(v)
	if l.Output == nil {
		l.log(&e)
	}
}

// write writes a line.
func (l *accessLog) write(line []byte) {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, _ = l.Output.Write(line)
}

// log makes a record.
func (l *accessLog) log(e *entry) {
	logger := l.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if level := l.Level(e.sent); logger.Enabled(e.r.Context(), level) {
		e.identify()
		l.record(logger, level, e)
	}
}

func (l *accessLog) record(logger *slog.Logger, level slog.Level, e *entry) {
	var array [24]slog.Attr
	attrs := array[:0]
	switch l.Schema { // calls that the compiler sees through, so that the array is on the stack
	case "ecs":
		attrs = e.ecs(attrs)
	case "otel":
		attrs = e.otel(attrs)
	default:
		attrs = e.plain(attrs)
	}
	if e.sent.Hijacked {
		attrs = append(attrs, slog.Bool("hijacked", true))
	}
	if e.sent.Cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	if l.Attrs != nil {
		attrs = append(attrs, l.Attrs(e.r)...)
	}
	attrs = append(attrs, e.notes...)
	if e.dropped > 0 {
		attrs = append(attrs, slog.Int("notes_dropped", e.dropped))
	}
	record := slog.NewRecord(e.ended, level, "request", l.pc) // a logger would look for its caller, always the same
	record.AddAttrs(attrs...)
	_ = logger.Handler().Handle(e.r.Context(), record)
}
