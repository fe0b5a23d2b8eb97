// Package explain sends one request through a site, and says what became of it at each filter and app: what each made of
// the request on the way in, and of the response on the way out.
//
// A [Recorder] puts a place to look at around each of them, by deploy.Site.Trace, and asks the site by a connection of its
// own with a server as net/http has it. So nothing is other than when the site is served, except that a body which passes
// is not copied by the system (sendfile), and that a coding is flushed once more before trailers that nobody announced.
package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Explanation is all that is known of a request.
type Explanation struct {
	Method string    `json:"method"`
	URL    string    `json:"url"`
	Steps  []*step   `json:"steps"` // in the order in which they were asked
	Answer *received `json:"answer,omitempty"`
	Error  string    `json:"error,omitempty"` // there was no answer
	Log    []string  `json:"log,omitempty"`   // of what is around the site

	host string // of the URL
}

// Ask sends a request to a site whose probes are those of the recorder, and reads the answer for as long as there is
// time. Peer is who the site takes for the client; nil: this machine, which it is. An error says that there is no
// answer; the explanation is there all the same.
func (rec *Recorder) Ask(req *http.Request, site http.Handler, peer net.Addr, timeout time.Duration) (*Explanation, error) {
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	res, err := exchange(req.WithContext(ctx), site, peer, rec)
	e := &Explanation{Method: req.Method, URL: req.URL.Redacted(), host: req.URL.Host, Steps: rec.steps, Answer: res, Log: rec.log}
	switch {
	case err == nil:
		return e, nil
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("no answer came within %v", timeout)
	case errors.Is(err, io.EOF):
		err = errors.New("no answer came: the connection was cut")
	default:
		err = fmt.Errorf("no answer came: %w", err)
	}
	e.Error = err.Error()
	return e, err
}

// WriteJSON writes all that is known. Without secrets, the values of credentials and cookies are left out, for good.
func (e *Explanation) WriteJSON(w io.Writer, secrets bool) error {
	if !secrets {
		e.hide()
	}
	j := json.NewEncoder(w)
	j.SetEscapeHTML(false)
	j.SetIndent("", "  ")
	return j.Encode(e)
}
