package mount

import (
	"fmt"
	"net/http"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// Cascade returns a handler that asks apps in their order, until one of them answers with
// something else than 404 (Not Found) and 405 (Method Not Allowed): that is the answer. Of
// the answers before it nothing is left, as capture.Try has it, neither their fields, such
// as Allow, nor anything that filters outside would see. The last app answers whatever it
// answers, 404 and 405 included. Answers stream, and no goroutine is started.
//
// The body of the request is read when an application reads it, and what was read is kept,
// up to limit bytes, so that the next application reads it from the start. Of an
// application that read more than that before its answer the answer is sent as it is, since
// the next one would get half a body. With a limit of 0 that is whoever reads any of it. An
// application that is refused cannot read on, and one that closes the body closes it for
// itself alone, until its answer is the answer.
//
// Each app but the last gets a clone of the request: what one does to it the next one does
// not see. Filters outside find the pattern that was matched in the app whose answer is sent.
//
// An application that panics ends the cascade, and so does one that takes over the
// connection. Informational responses go out at once, whoever sends them. Cascade of one
// app is that app. Cascade panics without apps, when one is nil, and for a negative limit.
func Cascade(limit int64, apps ...http.Handler) http.Handler {
	if limit < 0 {
		panic(fmt.Sprintf("mount.Cascade: limit is %d, below 0", limit))
	}
	if len(apps) == 0 {
		panic("mount.Cascade: there are no apps")
	}
	for i, app := range apps {
		if missing(app) {
			panic(fmt.Sprintf("mount.Cascade: apps[%d] is nil", i))
		}
	}
	last := len(apps) - 1
	if last == 0 {
		return apps[0]
	}
	return &cascade{limit: limit, first: append([]http.Handler(nil), apps[:last]...), last: apps[last]}
}

type cascade struct {
	limit int64
	first []http.Handler
	last  http.Handler
}

func (c *cascade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := newReplay(r, c.limit)
	for _, app := range c.first {
		if try(w, r, app, body) {
			return
		}
	}
	if body == nil {
		c.last.ServeHTTP(w, r)
		return
	}
	read := body.again()
	read.settle()
	edited := r.WithContext(r.Context())
	edited.Body = read
	rewrite.Serve(w, r, edited, c.last)
}

// try serves r with app unless it finds nothing, and says whether an answer was sent.
func try(w http.ResponseWriter, r *http.Request, app http.Handler, body *replay) bool {
	tried := r.Clone(r.Context())
	tried.Trailer = r.Trailer // filled by the server once the body was read
	var read *replayed
	if body != nil {
		read = body.again()
		tried.Body = read
	}
	sent := true // also by a panic
	defer func() {
		if sent {
			giveBackForm(r, tried)
			r.Pattern = tried.Pattern
		} else if r.MultipartForm == nil && tried.MultipartForm != nil {
			_ = tried.MultipartForm.RemoveAll() // the next one parses it again
		}
	}()
	sent = capture.Try(w, tried, app, func(h *capture.Head) bool {
		found := h.Status != http.StatusNotFound && h.Status != http.StatusMethodNotAllowed
		if !found && (read == nil || read.giveUp()) {
			return true
		}
		if read != nil {
			read.settle()
		}
		return false
	})
	return sent
}
