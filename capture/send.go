package capture

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// hopByHop are the fields that speak of one connection and are never sent on
// (RFC 9110 §7.6.1).
var hopByHop = [...]string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// Send writes res to w, as [Record] or a client returned it, and closes its
// body. Set-Cookie and Vary are added to what w has, other fields replace it.
// Fields that speak of one connection stay behind. Trailers are sent after
// the body. A body of unknown length (a ContentLength of -1) is flushed as it
// comes, and the head of an event stream at once. If such a body has a method
// Buffered() int, as a bufio.Reader has, there is no flush as long as that is
// not 0, which says that more can be read without a wait: a short answer then
// goes out in one piece.
//
// A 101 (Switching Protocols) is an error before anything is sent: what follows
// it is no response.
// An error comes from reading the body, or from the client that left. The
// head may then be sent already, and the caller should cut the response with
// panic([http.ErrAbortHandler]).
func Send(w http.ResponseWriter, res *http.Response) error {
	if res.Body != nil {
		defer res.Body.Close()
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return errors.New("capture: send: 101 is no response that can be sent on")
	}
	header := w.Header()
	sendHeader(header, res)
	announced := announce(header, res.Trailer)
	w.WriteHeader(res.StatusCode)
	if res.Body != nil && bodyAllowed(res.StatusCode) {
		if err := sendBody(w, res); err != nil {
			return fmt.Errorf("capture: send: %w", err)
		}
	}
	for name, values := range res.Trailer {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(announced, name) {
			name = http.TrailerPrefix + name
		}
		header[name] = slices.Clone(values)
	}
	return nil
}

func sendHeader(header http.Header, res *http.Response) {
	delete(header, "Content-Length") // of an answer that this one replaces
	connection := res.Header["Connection"]
	for name, values := range res.Header {
		switch {
		case slices.Contains(hopByHop[:], name),
			slices.ContainsFunc(connection, func(list string) bool { return hasToken(list, name) }):
		case name == "Set-Cookie":
			header[name] = append(slices.Clone(header[name]), values...)
		case name == "Vary":
			Vary(header, values...)
		default:
			header[name] = slices.Clone(values)
		}
	}
	_, declared := header["Content-Length"]
	if !declared && res.ContentLength >= 0 && bodyAllowed(res.StatusCode) && len(res.Trailer) == 0 {
		header["Content-Length"] = []string{strconv.FormatInt(res.ContentLength, 10)}
	}
}

// announce names the trailers that are known before the body (RFC 9110
// §6.6.2).
func announce(header, trailer http.Header) []string {
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, http.CanonicalHeaderKey(name))
	}
	if len(names) > 0 {
		slices.Sort(names)
		header["Trailer"] = []string{strings.Join(names, ", ")}
	}
	return names
}

func sendBody(w http.ResponseWriter, res *http.Response) error {
	if res.ContentLength >= 0 {
		_, err := io.Copy(w, res.Body)
		return err
	}
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	control := http.NewResponseController(w)
	if mediaType(res.Header.Get("Content-Type")) == "text/event-stream" {
		_ = control.Flush()
	}
	buffered, _ := res.Body.(interface{ Buffered() int })
	for {
		n, err := res.Body.Read(buf[:])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if buffered == nil || buffered.Buffered() == 0 {
				_ = control.Flush() // a writer that cannot flush still sends it all
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
