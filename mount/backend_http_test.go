package mount_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// actHTTP is act over a connection of HTTP/1.1, for one request after the other. What it is told is in fields.
func actHTTP(c net.Conn) {
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		prefix := r.Header.Get("X-Forwarded-Prefix")
		script, _ := url.PathUnescape(prefix)
		env := environFrom(r, script, r.Header.Get("X-Remote-User"), prefix+r.RequestURI)
		env["SENT"] = r.RequestURI
		out := &chunkWriter{w: c, method: r.Method, plain: env["HTTP_X_ACT"] == "short" || env["HTTP_X_ACT"] == "long"}
		if act(env, bodyAndTrailers{r, env}, out) || out.plain {
			return
		}
		out.end()
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// bodyAndTrailers is the body of a request, at whose end the trailers are with what the application was told.
type bodyAndTrailers struct {
	*http.Request
	env map[string]string
}

func (b bodyAndTrailers) Read(p []byte) (int, error) {
	n, err := b.Body.Read(p)
	for name, values := range b.Trailer {
		b.env["TRAILER_"+name] = strings.Join(values, ", ")
	}
	return n, err
}

// chunkWriter writes an answer by CGI as one by HTTP/1.1, in chunks if it is not plain.
type chunkWriter struct {
	w      io.Writer
	method string
	plain  bool
	head   []byte
	begun  bool
}

func (c *chunkWriter) Write(p []byte) (int, error) {
	if c.begun {
		return len(p), c.chunk(p)
	}
	c.head = append(c.head, p...)
	head, body, ok := strings.Cut(string(c.head), "\n\n")
	if !ok {
		return len(p), nil
	}
	c.begun = true
	framing := "\r\nTransfer-Encoding: chunked"
	if c.plain {
		framing = ""
	}
	_, err := fmt.Fprintf(c.w, "HTTP/1.1 200 OK\r\n%s%s\r\n\r\n", strings.ReplaceAll(head, "\n", "\r\n"), framing)
	return len(p), errors.Join(err, c.chunk([]byte(body)))
}

func (c *chunkWriter) chunk(p []byte) error {
	var err error
	switch {
	case c.method == "HEAD" || len(p) == 0:
	case c.plain:
		_, err = c.w.Write(p)
	default:
		_, err = fmt.Fprintf(c.w, "%x\r\n%s\r\n", len(p), p)
	}
	return err
}

func (c *chunkWriter) end() {
	if c.method != "HEAD" {
		_, _ = io.WriteString(c.w, "0\r\n\r\n")
	}
}

// actFor is act as a Go handler.
func actFor(w http.ResponseWriter, env map[string]string, body io.Reader) {
	_ = http.NewResponseController(w).EnableFullDuplex()
	if env["HTTP_X_ACT"] == "long" { // or the field would be wrong, and the handler told so
		w.Header().Set("Content-Length", "4")
	}
	out := &headWriter{w: w}
	if act(env, body, out) {
		panic(http.ErrAbortHandler)
	}
}

// headWriter makes of an answer by CGI one by HTTP.
type headWriter struct {
	w    http.ResponseWriter
	head []byte
	done bool
}

func (h *headWriter) Write(p []byte) (int, error) {
	if h.done {
		defer http.NewResponseController(h.w).Flush()
		return h.w.Write(p)
	}
	h.head = append(h.head, p...)
	head, body, ok := strings.Cut(string(h.head), "\n\n")
	if !ok {
		return len(p), nil
	}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		h.w.Header().Add(name, value)
	}
	h.done = true
	h.w.WriteHeader(http.StatusOK)
	_, err := h.Write([]byte(body))
	return len(p), err
}

// environFrom makes of a request over HTTP what the others are told.
func environFrom(r *http.Request, script, user, uri string) map[string]string {
	env := map[string]string{
		"SCRIPT_NAME": script, "PATH_INFO": r.URL.Path, "QUERY_STRING": r.URL.RawQuery, "REQUEST_URI": uri,
		"REQUEST_METHOD": r.Method, "HTTP_HOST": r.Host, "CONTENT_TYPE": r.Header.Get("Content-Type"),
	}
	if user != "" {
		env["REMOTE_USER"] = user
	}
	for name, values := range r.Header {
		env["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = strings.Join(values, ", ")
	}
	return env
}
