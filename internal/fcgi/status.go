package fcgi

import "fmt"

// StatusError is how a responder ends a request that it did not serve well.
type StatusError struct {
	App      uint32 // what a CGI program would have ended with
	Protocol uint8  // what it says about the protocol (section 5.5); 0: nothing
}

// Error says with which status the application, or the responder, ended.
func (e *StatusError) Error() string {
	switch e.Protocol {
	case 0:
		return fmt.Sprintf("fcgi: the application ended with status %d", e.App)
	case 1:
		return "fcgi: the responder takes no second request on a connection"
	case 2:
		return "fcgi: the responder is overloaded"
	case 3:
		return "fcgi: the server is no responder"
	}
	return fmt.Sprintf("fcgi: the responder ended with protocol status %d", e.Protocol)
}
