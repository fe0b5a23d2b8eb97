package filtertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
)

func concurrencyRules() []rule {
	return []rule{{
		id:     "G01",
		text:   "a filter keeps 64 requests at a time apart",
		reason: "shared buffers and writers bring one client's bytes to another",
		ref:    "net/http.Handler",
		check:  crowd,
	}, {
		id:     "G02",
		text:   "a filter leaves no goroutine behind when servers and clients are closed",
		reason: "one goroutine left per request is memory until the program dies",
		ref:    "runtime/pprof",
		check:  goroutines,
	}, {
		id:     "G03",
		text:   "a filter can wrap two handlers",
		reason: "a filter is made once and used on many routes; state of the first must not reach the second",
		ref:    "func(http.Handler) http.Handler",
		reach:  true,
		check: func(s *subject) error {
			a := s.serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "left") })
			b := s.serve(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "right") })
			for range 2 {
				_, err := a.expect("/", http.StatusOK, "left")
				_, err2 := b.expect("/", http.StatusOK, "right")
				if err := errors.Join(err, err2); err != nil {
					return err
				}
			}
			return nil
		},
	}}
}

// crowd has 64 clients read bodies of mixed sizes, each line of which names its owner, in two halves with a flush
// between them.
func crowd(s *subject) error {
	line := func(owner string) string { return "this line belongs to " + owner + "\n" }
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		lines, _ := strconv.Atoi(r.URL.Query().Get("lines"))
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-Kit-Owner", r.URL.Path)
		for i := range lines {
			io.WriteString(w, line(r.URL.Path))
			if i == lines/2 {
				flush(w, true)
				runtime.Gosched()
			}
		}
	})
	var clients sync.WaitGroup
	for c := range 64 {
		clients.Go(func() {
			for turn, lines := range []int{c % 3, 20 + c, 500} {
				path := fmt.Sprintf("/%d/%d", c, turn)
				a, err := at.get(fmt.Sprintf("%s?lines=%d", path, lines))
				if err == nil {
					err = a.is(http.StatusOK, strings.Repeat(line(path), lines))
				}
				if err == nil && a.Header.Get("X-Kit-Owner") != path {
					err = fmt.Errorf("the fields belong to %s", a.Header.Get("X-Kit-Owner"))
				}
				if err != nil {
					s.failf("client %d: %w", c, err)
					return
				}
			}
		})
	}
	clients.Wait()
	return nil
}

// goroutines counts by a label, which every goroutine inherits from the one that starts it: whatever else the program
// does at the same time is not counted.
func goroutines(s *subject) error {
	mark := rand.Text()
	inner := newSubject(s.filter, s.proto, s.limit)
	inner.declared = s.declared
	bound := s.filter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/panic":
			panic(http.ErrAbortHandler)
		case "/flush":
			flush(w, true)
		}
		io.WriteString(w, prose(8<<10))
	}))
	// Bound outside the label: what a filter keeps running for as long as it lives is not what this rule is about.
	inner.filter = func(http.Handler) http.Handler { return bound }
	pprof.Do(s.ctx, pprof.Labels("filtertest", mark), func(context.Context) {
		at := inner.serve(nil)
		for _, path := range []string{"/", "/flush", "/panic", "/", "/flush", "/panic"} {
			at.send(at.request("POST", path, strings.NewReader("body")))
		}
		inner.shut()
	})
	if s.eventually(func() bool { return !bytes.Contains(stacks(), []byte(mark)) }) {
		return nil
	}
	return fmt.Errorf("goroutines are left:\n%s", labelled(stacks(), mark))
}

// stacks returns the goroutine profile as text, with labels.
func stacks() []byte {
	var b bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&b, 1)
	return b.Bytes()
}

// labelled returns those stacks that carry the mark.
func labelled(profile []byte, mark string) []byte {
	var found [][]byte
	for stack := range bytes.SplitSeq(profile, []byte("\n\n")) {
		if bytes.Contains(stack, []byte(mark)) {
			found = append(found, stack)
		}
	}
	return bytes.Join(found, []byte("\n"))
}
