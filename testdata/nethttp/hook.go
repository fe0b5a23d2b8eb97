package http

// WeirHook wraps the handler of every server. It is added to a copy of
// net/http, together with a server.go whose serverHandler.ServeHTTP has become
// serve.
var WeirHook func(Handler) Handler

func (sh serverHandler) ServeHTTP(w ResponseWriter, r *Request) {
	if WeirHook == nil {
		sh.serve(w, r)
		return
	}
	WeirHook(HandlerFunc(sh.serve)).ServeHTTP(w, r)
}
