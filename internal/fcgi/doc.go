// Package fcgi is the server's side of FastCGI (the FastCGI Specification of Open Market,
// 1996): it asks responders and reads what they answer. The standard library has the other
// side, net/http/fcgi.
package fcgi
