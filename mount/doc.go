// Package mount puts whole web applications below a prefix of a Go program: Go handlers
// with At, programs that speak CGI with CGI. A mounted application is told where it lives,
// by script name and path info, and sees nothing else of its host.
package mount
