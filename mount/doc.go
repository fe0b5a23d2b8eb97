// Package mount puts whole web applications below a prefix of a Go program, in whatever
// language they are written. At gives a handler its place, View one that depends on the
// URL, and these are handlers:
//
//   - Proxy has requests answered over HTTP,
//   - FastCGI and SCGI ask servers that speak these protocols, such as php-fpm,
//   - CGI runs a program for each request,
//   - WSGI serves a Python application in processes of its own,
//   - Dir sends the files of a folder.
//
// A mounted application is told where it lives, by script name and path info, and who is
// signed in, and sees nothing else of its host. What a client says about either goes first.
// Environ tells it more. For an application that knows nothing of prefixes there is Guest,
// and MapFields, of which Guest is made, which makes right what it says in fields.
//
// Call has one handler ask another and look at the answer, and Cascade asks several in
// turn.
package mount
