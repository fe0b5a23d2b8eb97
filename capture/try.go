package capture

import (
	"errors"
	"io"
	"net/http"
)

// Try serves r with next unless refuse says no to the head that is about to go
// out. Then all that next answers is discarded, to the end of its body; Try
// returns false, w is as it was, and another handler may answer. Otherwise the
// answer is sent as it comes, and Try returns true.
//
// Refuse is asked once, when [Transform] would run a hook without a peek, by a
// handler that writes nothing, too. It sees the head and the request, and
// should edit neither. It is not asked by a handler that hijacks the connection
// or panics before its head, nor where the head of w has passed before, if
// [Started] knows.
//
// Of a refused answer nothing is left: the header map holds what it held, and
// for observers outside of Try there was no answer; those inside have seen one.
// A handler that keeps its writer finds that it is closed when Try has returned,
// and cannot write into the answer of another. What passes at once is beyond
// recall: informational responses, deadlines, full duplex, and what next has
// read of the body of the request.
//
// A refused handler notices nothing. Its writes and flushes succeed; the one
// thing that fails is to hijack the connection after its head. A panic passes,
// and leaves nothing of a refused answer either.
func Try(w http.ResponseWriter, r *http.Request, next http.Handler, refuse func(*Head) bool) (sent bool) {
	if refuse == nil {
		panic("capture.Try: refuse is nil")
	}
	return Attempt(w, r, next, func(h *Head, _ io.Writer) io.WriteCloser {
		if refuse(h) {
			return refusal{}
		}
		return nil
	})
}

// Attempt is [Try] with a hook such as [Transform] has, for which no body is held back. The hook may edit the head and
// send the body through a writer, or refuse the answer by returning what [Refuse] returns.
func Attempt(w http.ResponseWriter, r *http.Request, next http.Handler, hook Hook) (sent bool) {
	if hook == nil {
		panic("capture.Attempt: hook is nil")
	}
	if Started(w) {
		next.ServeHTTP(w, r)
		return true
	}
	// A response of its own can be closed for its handler before the next one is served.
	tried, own := begin(w)
	before := remember(w.Header())
	defer before.forget()
	l, done := own.push(r, 0, nil, hook), false
	defer func() {
		if !done {
			own.abandon(l)
		}
		known := own.use.Load() != broken
		whole := own.seal(done) || !done || own.declined
		if known && own.declined {
			before.restore(w.Header())
		}
		if !whole {
			panic(http.ErrAbortHandler)
		}
	}()
	next.ServeHTTP(tried, r)
	if done = own.finish(l); !done {
		panic(http.ErrAbortHandler)
	}
	return !own.declined
}

var errRefused = errors.New("capture: the connection cannot be hijacked after a head that was refused")

// Refuse returns what a hook of [Attempt] returns for a writer to refuse the answer. What the handler writes and flushes
// then fails with err, which must not be nil: the handler had its chance and is to end. That these writes fail
// does not make the filters inside of Attempt cut the response.
func Refuse(err error) io.WriteCloser {
	if err == nil {
		panic("capture.Refuse: err is nil")
	}
	return refusal{err}
}

// refusal stands for a head that was refused. Without an error the handler is not to notice.
type refusal struct{ err error }

func (refusal) Write([]byte) (int, error) { return 0, errRefused }
func (refusal) Close() error              { return nil }

// refused says whether the head of this response was refused, here or by an [Attempt] further out. Only the outermost
// layer of a response may be that of an Attempt.
func (w *response) refused() bool {
	if w.stack != nil && w.stack.depth > 0 && w.stack.layers[0].stage == refused {
		return true
	}
	below := ownOf(w.below)
	if below == nil {
		return false
	}
	below.mu.Lock()
	defer below.mu.Unlock()
	return below.refused()
}
