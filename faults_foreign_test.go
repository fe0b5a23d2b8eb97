package weir_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

// TestTimeoutsOfOthers has the standard library's TimeoutHandler, which serves
// in a goroutine and gives up on it, inside and outside of the stack, with
// handlers that write in the instant of the timeout: the client gets the one
// answer or the other, never both.
func TestTimeoutsOfOthers(t *testing.T) {
	var late sync.WaitGroup
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		late.Add(1)
		defer late.Done()
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, page("the handler", 600))
		if r.URL.Path == "/late" {
			<-r.Context().Done()
		}
		for range 20 {
			if _, err := io.WriteString(w, page("the handler", 600)); err != nil {
				return
			}
		}
	})
	const gaveUp = "it took too long"
	for name, h := range map[string]http.Handler{
		"inside":  weir.Stack(documented(silent)...).Then(http.TimeoutHandler(app, time.Millisecond, gaveUp)),
		"outside": http.TimeoutHandler(weir.Stack(documented(silent)...).Then(app), time.Millisecond, gaveUp),
		"between": weir.Stack(documented(silent)...).Then(http.TimeoutHandler(weir.Stack(byName()...).Then(app), time.Millisecond, gaveUp)),
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, h, func(t *testing.T, s *faultSite) {
				var clients sync.WaitGroup
				for range 8 {
					clients.Go(func() {
						for i := range 50 {
							e := s.get([]string{"/late", "/prompt"}[i%2], "Accept-Encoding", []string{"identity", "gzip"}[i/2%2])
							if e.cut != nil || e.bad != nil || e.status == 503 != (e.text == gaveUp) ||
								e.status != 503 && e.text != strings.Repeat(page("the handler", 600), 21) {
								t.Error(e)
							}
						}
					})
				}
				clients.Wait()
				late.Wait()
			})
		})
	}
}

// TestBodiesInPieces rewrites one body that is written in two pieces, cut at
// every place, and flushed there or not: what comes out is always the same.
func TestBodiesInPieces(t *testing.T) {
	body := page("pieces", 1500)
	shout := func(dst io.Writer) io.WriteCloser { return &shouting{dst: dst} }
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var at, flush int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d/%d", &at, &flush)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = io.WriteString(w, body[:at])
		if flush == 1 {
			flushed(w)
		}
		_, _ = io.WriteString(w, body[at:])
	})
	h := weir.Stack(
		filter.Compress(filter.CompressOptions{}),
		rewrite.Body(rewrite.Type("text/*"), shout),
		rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Cookie") }),
	).Then(app)
	want := strings.ToUpper(body) + "!"
	overBoth(t, h, func(t *testing.T, s *faultSite) {
		for at := range len(body) + 1 {
			for flush := range 2 {
				res, err := s.client.Do(s.request("GET", fmt.Sprintf("/%d/%d", at, flush), nil, "Accept-Encoding", []string{"gzip", "zstd", "identity"}[at%3]))
				if err != nil {
					t.Fatal(err)
				}
				if e := readExchange(res); e.cut != nil || e.bad != nil || e.text != want {
					t.Errorf("cut at %d, flush %d: %v", at, flush, e)
				}
			}
		}
	})
}

// shouting is a transform that keeps the last line until it is whole.
type shouting struct {
	dst  io.Writer
	line []byte
}

func (s *shouting) Write(p []byte) (int, error) {
	s.line = append(s.line, p...)
	end := bytes.LastIndexByte(s.line, '\n') + 1
	_, err := s.dst.Write(bytes.ToUpper(s.line[:end]))
	s.line = s.line[end:]
	return len(p), err
}

func (s *shouting) Close() error {
	_, err := s.dst.Write(append(bytes.ToUpper(s.line), '!'))
	return err
}
