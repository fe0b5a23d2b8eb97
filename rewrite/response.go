package rewrite

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhttp/weir/capture"
)

// ResponseHeader returns a filter that changes the header of the final response by the
// edits in their order, at the moment its head is sent: what they set is the last word
// over what the application set, and Default gives way to it. Informational responses,
// such as 103, pass as they are.
func ResponseHeader(edits ...func(http.Header)) func(http.Handler) http.Handler {
	for i, edit := range edits {
		mustHave("ResponseHeader", fmt.Sprintf("edits[%d]", i), edit == nil)
	}
	return atHead("ResponseHeader", len(edits), func(h *capture.Head, _ io.Writer) io.WriteCloser {
		for _, edit := range edits {
			edit(h.Header)
		}
		return nil
	})
}

// Response returns a filter that shows the head of the final response to the edits in
// their order, at the moment it is sent. They may change its status and its header; the
// body passes as it is, so Peek is empty. The head's Request is the one that this filter
// was given.
func Response(edits ...func(*capture.Head)) func(http.Handler) http.Handler {
	for i, edit := range edits {
		mustHave("Response", fmt.Sprintf("edits[%d]", i), edit == nil)
	}
	return atHead("Response", len(edits), func(h *capture.Head, _ io.Writer) io.WriteCloser {
		for _, edit := range edits {
			edit(h)
		}
		return nil
	})
}

// atHead returns the filter that runs hook when a head is sent, or one that adds nothing
// when there are no edits to run.
func atHead(filter string, edits int, hook capture.Hook) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		mustHave(filter, "next", next == nil)
		if edits == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, hook)
		})
	}
}
