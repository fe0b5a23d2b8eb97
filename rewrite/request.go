package rewrite

import (
	"fmt"
	"net/http"
)

// Request returns a filter that hands on one copy of the request, changed by the edits in
// their order.
//
// An edit owns its copy's URL, Header, Form and path values, and may set any field; the
// original stays as it was. What can only be shared is shared: the body, and Trailer,
// which net/http fills once the body was read. Request with no edits adds nothing.
//
// The URL and the header are cloned for every request, because an edit cannot say
// beforehand what it will touch. RequestHeader spares the URL.
func Request(edits ...func(*http.Request)) func(http.Handler) http.Handler {
	for i, edit := range edits {
		mustHave("Request", fmt.Sprintf("edits[%d]", i), edit == nil)
	}
	return func(next http.Handler) http.Handler {
		mustHave("Request", "next", next == nil)
		if len(edits) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edited := r.Clone(r.Context())
			edited.Trailer = r.Trailer
			if edited.Header == nil {
				edited.Header = http.Header{}
			}
			for _, edit := range edits {
				edit(edited)
			}
			Serve(w, r, edited, next)
		})
	}
}

// RequestHeader returns a filter that hands on a copy of the request, its header changed
// by the edits in their order: Set, Add, Default and Del, or any function. Host is not in
// the header of a request in Go: to change it, edit Request.Host with Request.
func RequestHeader(edits ...func(http.Header)) func(http.Handler) http.Handler {
	for i, edit := range edits {
		mustHave("RequestHeader", fmt.Sprintf("edits[%d]", i), edit == nil)
	}
	return func(next http.Handler) http.Handler {
		mustHave("RequestHeader", "next", next == nil)
		if len(edits) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edited := withHeader(r)
			for _, edit := range edits {
				edit(edited.Header)
			}
			Serve(w, r, edited, next)
		})
	}
}

// Serve calls next with edited, a changed copy of r, and then gives back to r what belongs
// to it: the multipart form, whose temporary files the server removes only if it finds
// them in its own request, and the Pattern that a multiplexer in next matched, for the
// filters outside. It does so on a panic, too.
func Serve(w http.ResponseWriter, r, edited *http.Request, next http.Handler) {
	defer giveBack(r, edited)
	next.ServeHTTP(w, edited)
}

// giveBack writes nothing that is there already: handlers that only look may share a request.
func giveBack(r, edited *http.Request) {
	if r.MultipartForm == nil && edited.MultipartForm != nil {
		r.MultipartForm = edited.MultipartForm
	}
	if edited.Pattern != "" && edited.Pattern != r.Pattern {
		r.Pattern = edited.Pattern
	}
}

// withHeader returns a copy of r that has a header of its own.
func withHeader(r *http.Request) *http.Request {
	edited := r.WithContext(r.Context())
	edited.Header = r.Header.Clone()
	if edited.Header == nil {
		edited.Header = http.Header{}
	}
	return edited
}

// mustHave panics when an argument of the filter is missing.
func mustHave(filter, argument string, missing bool) {
	if missing {
		panic("rewrite." + filter + ": " + argument + " is nil")
	}
}
