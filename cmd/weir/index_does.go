package main

// does says in some words what a part is or does; of one that it does not know, nothing.
func does(part string) string {
	switch part {
	case "demo":
		return "the embedded guest, which knows nothing of weir"
	case "cgi":
		return "a program that runs for each request, by CGI"
	case "fastcgi":
		return "an application that speaks FastCGI"
	case "scgi":
		return "an application that speaks SCGI"
	case "wsgi":
		return "an application in Python, by WSGI"
	case "proxy":
		return "another server"
	case "dir":
		return "the files of a folder"
	case "cascade":
		return "apps that are asked in their order"
	case "access-log":
		return "logs each request when it has been served"
	case "compress":
		return "compresses answers that are worth it"
	case "environ":
		return "tells a program more than the request says"
	case "guest":
		return "tells the app where it is and who is signed in, and brings what it answers to its place"
	case "map-fields":
		return "brings what the app answers in fields to its place"
	case "max-body":
		return "refuses bodies that are too long"
	case "rate-limit":
		return "lets each client have so many requests in a time"
	case "recover":
		return "turns a panic into a 500, or cuts what has begun"
	case "request-header":
		return "edits the fields of requests"
	case "request-id":
		return "gives every request an id"
	case "response-header":
		return "edits the fields of answers"
	case "stack":
		return "is several filters"
	case "user":
		return "says that somebody is signed in, whoever asks"
	case "when":
		return "applies filters to some requests alone"
	}
	return ""
}
