package bench_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/etag"
	"github.com/valyala/fasthttp"

	"github.com/weirhttp/weir/filter"
)

// exchange serves a request with the field If-None-Match, if it is not empty, and says
// what came of it. It is used again and again.
type exchange func(known string) (status int, tag string, size int64)

// overHTTP serves a request by a handler of net/http, over a writer that does nothing.
func overHTTP(h http.Handler) exchange {
	w, r := newNullWriter(), get("/")
	return func(known string) (int, string, int64) {
		w.reset()
		delete(r.Header, "If-None-Match")
		if known != "" {
			r.Header["If-None-Match"] = []string{known}
		}
		h.ServeHTTP(w, r)
		return max(w.status, http.StatusOK), w.header.Get("Etag"), w.bytes
	}
}

// overFiber serves a request by Fiber, which is no filter of net/http: it stands on
// fasthttp, and is the one with an ETag of bodies and the 304 to it that people know.
func overFiber(body []byte) exchange {
	app := fiber.New()
	app.Use(etag.New())
	app.Get("/", func(c *fiber.Ctx) error { return c.Send(body) })
	h, c := app.Handler(), &fasthttp.RequestCtx{}
	return func(known string) (int, string, int64) {
		c.Request.Reset()
		c.Response.Reset()
		c.Request.SetRequestURI("/")
		if known != "" {
			c.Request.Header.Set("If-None-Match", known)
		}
		h(c)
		status, size := c.Response.StatusCode(), int64(len(c.Response.Body()))
		if status == http.StatusNotModified {
			size = 0 // the server leaves it out
		}
		return status, string(c.Response.Header.Peek("Etag")), size
	}
}

// served is what one writes by hand for a body that is there as a whole: hash it and hand
// it to http.ServeContent.
func served(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256(body)
		w.Header().Set("Etag", `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func writes(body []byte, fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		_, _ = w.Write(body)
	})
}

// BenchmarkETag makes the ETag of a body, and the 304 to who sends it back. fiber's is a
// CRC-32 and the length, weir's and stdlib's are SHA-256.
func BenchmarkETag(b *testing.B) {
	for _, kib := range []int{2, 32, 128} {
		body := []byte(strings.Repeat("<p>Hello!</p>\n\n\n", kib<<10/16))
		etagged := filter.Conditional()(filter.ETag(filter.ETagOptions{})(writes(body)))
		for _, answer := range []string{"200", "304"} {
			for _, lib := range []struct {
				name string
				exchange
			}{
				{"weir", overHTTP(etagged)}, {"stdlib", overHTTP(served(body))}, {"fiber", overFiber(body)}, {"bare", overHTTP(writes(body))},
			} {
				b.Run(fmt.Sprintf("answer=%s/KiB=%d/lib=%s", answer, kib, lib.name), func(b *testing.B) {
					if lib.name == "bare" && answer == "304" {
						b.Skip("there is none")
					}
					exchanges(b, lib.exchange, answer == "304", int64(len(body)))
				})
			}
		}
	}
}

// exchanges measures a 200, or a 304 to the tag that the 200 had, once it has shown that
// it is one.
func exchanges(b *testing.B, do exchange, again bool, size int64) {
	known, want := "", http.StatusOK
	status, tag, n := do("")
	if status != want || n != size {
		b.Fatalf("%d with %d bytes, want a 200 with %d", status, n, size)
	}
	if again {
		known, want, size = tag, http.StatusNotModified, 0
	}
	if status, _, n := do(known); status != want || n != size {
		b.Fatalf("%d with %d bytes, want %d with %d", status, n, want, size)
	}
	b.ReportAllocs()
	for b.Loop() {
		do(known)
	}
}

// BenchmarkConditional decides about a handler that has its own ETag: for a request
// without conditions, one that has it, and 32 and 64 KiB of what an attacker might send.
// A field that is twice as long may take twice as long.
func BenchmarkConditional(b *testing.B) {
	body := []byte(strings.Repeat("<p>Hello!</p>\n\n\n", 128))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"edition-1"`)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
	for _, c := range []struct {
		name, known string
		status      int
	}{
		{"none", "", http.StatusOK},
		{"same", `"edition-1"`, http.StatusNotModified},
		{"other", `"edition-0"`, http.StatusOK},
		{"32KiB", strings.Repeat(`"edition-0", `, 32<<10/13) + `"edition-1"`, http.StatusNotModified},
		{"64KiB", strings.Repeat(`"edition-0", `, 64<<10/13) + `"edition-1"`, http.StatusNotModified},
	} {
		for _, lib := range []struct {
			name string
			exchange
		}{
			{"weir", overHTTP(filter.Conditional()(writes(body, "Etag", `"edition-1"`)))},
			{"stdlib", overHTTP(handler)},
		} {
			b.Run("known="+c.name+"/lib="+lib.name, func(b *testing.B) {
				if status, _, _ := lib.exchange(c.known); status != c.status {
					b.Fatalf("%d, want %d", status, c.status)
				}
				b.ReportAllocs()
				for b.Loop() {
					lib.exchange(c.known)
				}
			})
		}
	}
}
