// Package rewrite changes what a request says about itself and what its answer says in
// its head: the environment of WSGI and CGI, for net/http.
//
// An edit of a request is a func(*http.Request), an edit of fields in either direction a
// func(http.Header), a last look at an answer's head a func(*capture.Head), and a body
// transform a func(io.Writer) io.WriteCloser, the shape of gzip.NewWriter. Every function
// that takes edits returns a filter, a func(http.Handler) http.Handler, that hands on a
// copy of the request and leaves the original as it was.
//
// The path of a request has two parts. The script name is the part by which the request
// came to this application, and path info is the rest, Request.URL.Path. Shift moves
// segments from one to the other; ScriptName tells where an application lives.
//
// The view of a request is functions that say what net/http leaves to be put together: the
// URL that the client asked for (FullURL, ApplicationURL, Domain, Port), who it is (ClientOf,
// and the key User), the query in its order, credentials, Cache-Control, preconditions. They
// read the request when they are called and keep nothing, so that two of them never
// disagree, whatever a filter changed in between. Edits such as SetQuery and SetCookie
// leave what they are not about byte for byte as the client wrote it.
package rewrite
