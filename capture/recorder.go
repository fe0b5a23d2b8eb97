package capture

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// recorder is the writer below everything that [Record] and [Stream] serve.
type recorder struct {
	mu        sync.Mutex
	body      io.Writer // takes what the handler writes
	begun     func()    // is called once, when there is a head; may be nil
	header    http.Header
	head      bool // the request is HEAD
	sealed    bool
	status    int
	sent      http.Header // header as it was with the status, without trailers
	announced []string    // the Trailer field of then
	declared  int64
	size      int64
}

func newRecorder(r *http.Request, body io.Writer) *recorder {
	return &recorder{body: body, header: make(http.Header), head: r.Method == http.MethodHead, declared: -1}
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status == 0 {
		mustBeStatus(status)
	}
	w.begin(status)
}

// begin takes the final head, if this is it.
func (w *recorder) begin(status int) {
	if w.status != 0 || w.sealed || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sent = w.header.Clone()
	w.declared = contentLength(w.sent)
	w.announced = w.sent["Trailer"]
	delete(w.sent, "Trailer")
	for name := range w.sent {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(w.sent, name)
		}
	}
	if w.begun != nil {
		w.begun()
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sealed {
		return 0, errLate
	}
	w.begin(http.StatusOK)
	switch {
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.declared >= 0 && w.size+int64(len(p)) > w.declared:
		return 0, http.ErrContentLength
	case w.head, len(p) == 0:
		w.size += int64(len(p))
		return len(p), nil
	}
	n, err := w.body.Write(p)
	w.size += int64(n)
	return n, err
}

// Flush begins the response. What was written is where it belongs.
func (w *recorder) Flush() { w.WriteHeader(http.StatusOK) }

func (w *recorder) seal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sealed = true
}

// short says whether the body is shorter than its Content-Length.
func (w *recorder) short() bool {
	return !w.head && bodyAllowed(w.status) && w.size < w.declared
}

// response is the response to r as it is now, without its body.
func (w *recorder) response(r *http.Request, length int64) *http.Response {
	return &http.Response{
		Status:     strings.TrimSpace(strconv.Itoa(w.status) + " " + http.StatusText(w.status)),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.sent,
		ContentLength: length,
		Request:       r,
	}
}

// trailer is what the handler made of its trailers until now.
func (w *recorder) trailer() http.Header {
	var trailer http.Header
	add := func(name string, values []string) {
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	for name := range w.trailerNames {
		if values, ok := w.header[name]; ok {
			add(name, values)
		}
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(name, values)
		}
	}
	return trailer
}

// trailerNames yields the trailers that the handler announced.
func (w *recorder) trailerNames(yield func(string) bool) {
	for _, line := range w.announced {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && !yield(name) {
				return
			}
		}
	}
}
