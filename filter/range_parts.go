package filter

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"

	"github.com/weirhttp/weir/capture"
)

// sendParts makes a 206 of the spans of a body (RFC 9110 §15.3.7).
func sendParts(h *capture.Head, spans []span, size int64, dst io.Writer) io.WriteCloser {
	if _, typed := h.Header["Content-Type"]; !typed { // or the server would guess it from the first part
		h.Header["Content-Type"] = nil
		if len(h.Peek) > 0 {
			h.Header["Content-Type"] = []string{http.DetectContentType(h.Peek)}
		}
	}
	h.Status = http.StatusPartialContent
	dropFields(h.Header, "Content-Length", "Content-Digest", "Content-Md5")
	p := &partWriter{dst: dst, spans: spans, length: totalOf(spans)}
	if len(spans) == 1 {
		h.Header["Content-Range"] = []string{contentRange(spans[0], size)}
	} else {
		p.multipart(h.Header, size)
	}
	if len(h.Header["Trailer"]) == 0 {
		h.Header["Content-Length"] = []string{strconv.FormatInt(p.length, 10)}
	}
	return p
}

func contentRange(s span, size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.start, s.end-1, size)
}

// partWriter takes a body and sends spans of it. They are in order, or the body comes in one piece.
type partWriter struct {
	dst    io.Writer
	spans  []span // that are still to be sent
	at     int64  // of the body
	length int64  // of all that is sent
	mime   *multipart.Writer
	heads  []textproto.MIMEHeader // of the spans, nil if there is one
}

// multipart makes the head of an answer of several parts, and counts how long it is.
func (p *partWriter) multipart(h http.Header, size int64) {
	p.mime = multipart.NewWriter(p.dst)
	count := multipart.NewWriter(byteCount{&p.length})
	_ = count.SetBoundary(p.mime.Boundary())
	for _, s := range p.spans {
		head := textproto.MIMEHeader{"Content-Range": {contentRange(s, size)}}
		if kind := h["Content-Type"]; len(kind) > 0 {
			head["Content-Type"] = kind[:1:1]
		}
		p.heads = append(p.heads, head)
		_, _ = count.CreatePart(head)
	}
	_ = count.Close()
	h["Content-Type"] = []string{"multipart/byteranges; boundary=" + p.mime.Boundary()}
}

func (p *partWriter) Write(b []byte) (int, error) {
	end := p.at + int64(len(b))
	for len(p.spans) > 0 && p.spans[0].start < end {
		s := p.spans[0]
		if s.start >= p.at && p.mime != nil {
			if _, err := p.mime.CreatePart(p.heads[0]); err != nil {
				return 0, err
			}
			p.heads = p.heads[1:]
		}
		if _, err := p.dst.Write(b[max(s.start, p.at)-p.at : min(s.end, end)-p.at]); err != nil {
			return 0, err
		}
		if s.end > end {
			break
		}
		p.spans = p.spans[1:]
	}
	p.at = end
	return len(b), nil
}

func (p *partWriter) Close() error {
	if p.mime != nil {
		return p.mime.Close()
	}
	return nil
}

// byteCount counts what is written.
type byteCount struct{ n *int64 }

func (c byteCount) Write(b []byte) (int, error) {
	*c.n += int64(len(b))
	return len(b), nil
}
