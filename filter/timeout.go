package filter

import (
	"fmt"
	"net/http"
	"time"
)

// TimeoutOptions are the options of [Timeout]. The zero value bounds the time to the first byte alone.
type TimeoutOptions struct {
	// Idle is how long the handler, once its head has passed, may neither write a byte to the client nor read one
	// from it: because it has nothing to say, or because the client takes and sends nothing. Zero means no bound.
	//
	// What a client takes is seen through what holds it on the way: a piece of 16 KiB counts when the system has taken all
	// of it, and full buffers take more only when a good part of them is free. So a client that takes
	// (16 KiB + buffers) / Idle is never idle, and a slower one may be. The buffers are the server's for sending and the
	// client's for receiving: often 1 MB, and several MB where the client was fast before, but over HTTP/2 no more than the
	// window that the client gives. In Go, [net.TCPConn.SetWriteBuffer], called in [http.Server.ConnContext], makes the
	// server's smaller. With 1 MB, a client of 10 KB a second needs an Idle of 2 minutes.
	//
	// To be seen, bytes have to pass the filter: with Idle, files are copied and not sent by the kernel (sendfile).
	Idle time.Duration

	// Total is how long a request may take in all, whatever passes: no less than the time to the first byte. Zero
	// means no bound.
	Total time.Duration

	// Status is the answer to a request whose time is over before there is a head. Zero means 503 (Service
	// Unavailable), as http.TimeoutHandler has it. 504 (Gateway Timeout) fits what asks other servers.
	Status int
}

// Timeout returns a filter that gives a handler so much time, first, until the head of its response passes, and, as the
// options say, so much between one byte and the next, and in all. Responses stream through it as they come: nothing is
// held back, and there is no goroutine for a request, only a timer.
//
// When the time is over, the context of the handler's request ends, and [context.Cause] says why: an error that is
// [http.ErrHandlerTimeout] and [context.DeadlineExceeded] by [errors.Is], and whose text says which time it was. (The
// context has no Deadline for that, since bytes put it off.) What the handler reads of the request's body then fails, by
// a deadline of [http.ResponseController]. When it has returned,
//
//   - a request whose head had not passed is answered with Status, and nothing of what the handler would have answered
//     late is sent: what it writes fails, fields and cookies are dropped;
//   - a response that has begun is cut (panic with [http.ErrAbortHandler]), so that nobody takes a part for the whole.
//     Before that, writing fails by a deadline as well, also where the handler waits for a client that does not read, and
//     an HTTP/2 stream is reset at once.
//
// Nothing can stop a handler that ignores all of this: that looks at no context and no error, or sleeps. It is not cut off
// in the middle, and no second goroutine answers in its place, as http.TimeoutHandler has it at the price of holding whole
// bodies and of handlers that go on after their request. Its client waits until it returns, and then gets what is said
// above. (Only where an HTTP/2 response has begun the client is free at once.)
//
// Informational responses are no head. Reading a long upload counts for the time to the first byte. A filter outside of
// this one that holds a head back, as Compress does with small bodies, does so after it has passed here. Where one has sent
// a head already, no byte is seen here, and only Total counts.
//
// When a handler hijacks the connection, all these times end, as those of net/http do. One that does so when a time is over
// already finds its context ended and, as [http.Hijacker] says, maybe a deadline to clear, but is not cut.
//
// When a time was over, an HTTP/1 connection is closed after the answer to a request with a body, also when the handler
// panicked and a filter further out answers, so that no other request comes to a deadline of this one. Over HTTP/2, and
// without a body, it is kept.
//
// No deadline of the connection is ever put off, only brought forward when the time is over. So the timeouts of
// [http.Server] and those of filters further out hold as they are, and deadlines that a handler sets put off this filter's
// by a second at most. Of several in a stack each measures its own time, and the first to end counts.
//
// A time that is not more than 0, a Total less than first, and a Status that is none of 5xx panic when the filter is made.
//
// Timeout belongs inside of AccessLog and Recover, and outside of what takes the time: Concurrency with its queue, and
// everything that reads and writes. Take out what is meant to be long with weir.When, such as event streams if Total is set.
func Timeout(first time.Duration, o TimeoutOptions) func(http.Handler) http.Handler {
	t := newTimeout(first, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Timeout: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, next) })
	}
}

type timeout struct {
	first, idle, total       time.Duration // 0: no bound
	noHead, noByte, notEnded error         // what is said when they are over
	status                   int
}

func newTimeout(first time.Duration, o TimeoutOptions) *timeout {
	switch {
	case first <= 0:
		panic(fmt.Sprintf("filter.Timeout: first is %v, not more than 0", first))
	case o.Idle < 0:
		panic(fmt.Sprintf("filter.Timeout: Idle is %v, below 0", o.Idle))
	case o.Total < 0:
		panic(fmt.Sprintf("filter.Timeout: Total is %v, below 0", o.Total))
	case o.Total > 0 && o.Total < first:
		panic(fmt.Sprintf("filter.Timeout: Total is %v, less than first, %v", o.Total, first))
	case o.Status != 0 && o.Status/100 != 5:
		panic(fmt.Sprintf("filter.Timeout: Status is %d, none of 5xx", o.Status))
	}
	if o.Status == 0 {
		o.Status = http.StatusServiceUnavailable
	}
	return &timeout{
		first: first, idle: o.Idle, total: o.Total, status: o.Status,
		noHead:   timeoutError(fmt.Sprintf("filter.Timeout: the handler gave no head within %v", first)),
		noByte:   timeoutError(fmt.Sprintf("filter.Timeout: nothing was written or read for %v", o.Idle)),
		notEnded: timeoutError(fmt.Sprintf("filter.Timeout: the request was not served within %v", o.Total)),
	}
}

// serve serves r within the times.
func (t *timeout) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	s := newStopwatch(t, r, next)
	defer s.cancel(nil)
	switch sent := s.attempt(w, r); {
	case !sent:
		http.Error(w, http.StatusText(t.status), t.status)
	case s.over != nil:
		panic(http.ErrAbortHandler)
	}
}
