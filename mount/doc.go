// Package mount puts whole web applications below a prefix of a Go program, in whatever
// language they are written. At gives a handler its place, and these are handlers:
//
//   - CGI runs a program for each request,
//   - FastCGI and SCGI ask servers that speak these protocols, such as php-fpm,
//   - WSGI serves a Python application in processes of its own.
//
// A mounted application is told where it lives, by script name and path info, and who is
// signed in, and sees nothing else of its host. What a client says about either goes first.
package mount
