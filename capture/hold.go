package capture

import "net/http"

// Hold is [Transform] for a hook that wants to see some responses only, or more
// of some than of others: once the handler has given its final head, hold says
// of how many bytes. It sees that head without a Peek, edits nothing, and uses
// no [http.ResponseWriter], since the response is locked meanwhile, as for a
// [Hook]. Of a response that has no body, nothing is held, whatever it says.
//
// A hook that needs the whole of a body to do its work should hold nothing of
// one whose Content-Length says that it is too long.
func Hold(w http.ResponseWriter, r *http.Request, next http.Handler, hold func(*Head) int, hook Hook) {
	if hold == nil {
		panic("capture.Hold: hold is nil")
	}
	if hook == nil {
		panic("capture.Hold: hook is nil")
	}
	transform(w, r, next, 0, hold, hook)
}

// wanted is how much of the body is to be held back, now that there is a head.
func (l *layer) wanted() int {
	h := &l.response.stack.view
	*h = Head{Request: l.request, Status: l.status(), Header: l.response.below.Header()}
	l.stage, l.failed = deciding, true // for good, if it panics
	n := l.ask(h)
	l.stage, l.failed = waiting, false
	*h = Head{}
	return n
}
