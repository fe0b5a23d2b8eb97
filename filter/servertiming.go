package filter

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// Timing adds a part to what ServerTiming tells the client: what took so long, by a name that is a token such as "db",
// and how long. It is set where somebody may see it, and only there:
//
//	if add, ok := filter.Timing.Value(r.Context()); ok {
//		add("db", time.Since(start))
//	}
//
// It may be called by several goroutines. What is no token, what comes when the head has been sent, and what is more
// than there is room for is left out.
var Timing = &rewrite.Key[func(name string, took time.Duration)]{Name: "server timing"}

// ServerTimingOptions are the options of [ServerTiming]. The zero value is right for most programs.
type ServerTimingOptions struct {
	// MaxParts is how many parts are told. 0 means 20.
	MaxParts int
}

// ServerTiming returns a filter that tells the client in the field Server-Timing (W3C Server Timing) how long the server
// took, for the tools of a browser to show: the parts that code further in adds by [Timing], in the order in which they
// came, and total, the time from here to the head of the response. It answers nothing itself, and adds to what
// the handler says in that field.
//
// Times tell strangers what goes on inside, such as whether a user exists. They are told of the
// requests that see says yes to; the others pass untouched, at no cost. Scripts of other sites do not get them without
// Timing-Allow-Origin.
//
// What is done after the head, as in a body that is streamed, is not told. Informational responses (1xx) and hijacked
// connections have no such field.
//
// In a stack it stands outside of what it is to time, and inside of what finds out who may see it.
func ServerTiming(see func(*http.Request) bool, o ServerTimingOptions) func(http.Handler) http.Handler {
	if see == nil {
		panic("filter.ServerTiming: see is nil")
	}
	if o.MaxParts < 0 {
		panic(fmt.Sprintf("filter.ServerTiming: MaxParts is %d, below 0", o.MaxParts))
	}
	if o.MaxParts == 0 {
		o.MaxParts = 20
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.ServerTiming: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !see(r) {
				next.ServeHTTP(w, r)
				return
			}
			t := &timing{start: time.Now(), room: o.MaxParts}
			edited := r.WithContext(Timing.WithValue(r.Context(), t.add))
			rewrite.Serve(w, r, edited, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				capture.Transform(w, r, next, 0, t.hook)
			}))
		})
	}
}

// timing is what there is to tell of a request.
type timing struct {
	start time.Time
	mu    sync.Mutex
	room  int
	value []byte
}

// add is the value of Timing.
func (t *timing) add(name string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.room == 0 || !token.Is(name) || len(name) > maxTimingName {
		return
	}
	t.room--
	t.write(name, took)
}

// maxTimingName is the length that a name may have.
const maxTimingName = 64

// write writes a part, its time in milliseconds.
func (t *timing) write(name string, took time.Duration) {
	if len(t.value) > 0 {
		t.value = append(t.value, ", "...)
	}
	t.value = append(append(t.value, name...), ";dur="...)
	t.value = strconv.AppendFloat(t.value, float64(took.Microseconds())/1000, 'f', -1, 64)
}

func (t *timing) hook(h *capture.Head, _ io.Writer) io.WriteCloser {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.room = 0
	t.write("total", time.Since(t.start))
	old := h.Header["Server-Timing"]
	h.Header["Server-Timing"] = append(old[:len(old):len(old)], string(t.value))
	return nil
}
