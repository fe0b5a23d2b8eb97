package filtertest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// turns is a filter that sends one status for another; 0 swallows it.
func turns(from, to int) filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if status == from {
				status = to
			}
			if status != 0 {
				w.WriteHeader(status)
			}
		}}
	})
}

// sets is a filter that sets a field of the response when the head is sent; "" drops it.
func sets(name, value string) filter {
	return onHead(func(h http.Header, status int) {
		if h.Del(name); value != "" {
			h.Set(name, value)
		}
	})
}

// consumes is a filter that does something with the body before the handler does.
func consumes(use func(*http.Request)) filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		use(r)
		next.ServeHTTP(w, r)
	})
}

// recovers is a filter that does something with panics.
func recovers(report func(w http.ResponseWriter, p any)) filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		defer func() {
			if p := recover(); p != nil {
				report(w, p)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// limited is a writer that shows no more than flushing.
type limited struct {
	http.ResponseWriter
	http.Flusher
}

func differentialBreaches() []breach {
	return slices.Concat(headDifferences(), bodyDifferences(), flushDifferences(), requestDifferences(), panicDifferences(), controlDifferences())
}

func headDifferences() []breach {
	last := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		h := &held{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(h, r)
		w.WriteHeader(h.status)
		w.Write(h.body.Bytes())
	})
	ends := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		io.WriteString(w, "\n")
	})
	joins := onHead(func(h http.Header, status int) {
		h.Set("Link", strings.Join(h.Values("Link"), ", "))
	})
	return []breach{
		{"ends every body with a newline", "X01", "the body: bare: nothing", ends},
		{"sends 200 for 202", "X02", "the status: bare: 202 Accepted, behind the filter: 200 OK", turns(202, 200)},
		{"hides a 404", "X03", "the status: bare: 404", turns(404, 200)},
		{"lets an error be cached", "X04", `the field Cache-Control: bare: ["no-store"], behind the filter: none`, sets("Cache-Control", "")},
		{"knows the usual statuses alone", "X05", "the status: bare: 299", turns(299, 200)},
		{"makes Location absolute", "X06", "the field Location", sets("Location", "http://kit.example/elsewhere")},
		{"sends 200 for 204", "X07", "the status: bare: 204", turns(204, 200)},
		{"drops ETag", "X08", "the field Etag", sets("ETag", "")},
		{"joins fields", "X09", "the field Link", joins},
		{"drops Date", "X10", "the field Date", sets("Date", "")},
		{"sets a type before it can be guessed", "X11", "the field Content-Type", sets("Content-Type", "text/plain")},
		{"sets a type that was not wanted", "X12", `the field Content-Type: bare: none`, sets("Content-Type", "text/plain")},
		{"lets the last status win", "X13", "the status: bare: 404", last},
		{"sends late fields", "X14", `the field X-Kit: bare: ["early"]`, last},
		{"swallows a 103", "X15", "the informational responses: bare: [103], behind the filter: []", turns(103, 0)},
		{"swallows a 102", "X16", "the informational responses: bare: [102 103 103]", turns(102, 0)},
		{"drops the length of HEAD", "X17", "the length: bare: 4000 declared", sets("Content-Length", "")},
		{"makes a length up", "X18", "the length", sets("Content-Length", "7")},
	}
}

func bodyDifferences() []breach {
	shouts := passes(func(w http.ResponseWriter, p []byte) (int, error) { return w.Write(bytes.ToUpper(p)) })
	cuts := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		w.Write(p[:min(len(p), 100_000)])
		return len(p), nil
	})
	repeats := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		w.Write(p)
		return w.Write(p)
	})
	skipsEmpty := passes(func(w http.ResponseWriter, p []byte) (int, error) {
		if len(p) == 0 {
			return 0, nil
		}
		return w.Write(p)
	})
	lists := onHead(func(h http.Header, status int) { h.Add("Cache-Control", "private") })
	return []breach{
		{"writes in capitals", "X19", `the body as it was sent: bare: 11 bytes, from byte 0 on "a few words"`, shouts},
		{"encodes without saying so", "X20", `the field Content-Encoding: bare: none, behind the filter: ["gzip"]`, zips()},
		{"loses the end of long writes", "X21", "the body as it was sent: bare: 300000 bytes", cuts},
		{"repeats what is written", "X22", "the body as it was sent", repeats},
		{"overtakes itself", "X23", "the body as it was sent", overtakes()},
		{"declares another length", "X24", "the response: bare: a complete 200 of 10 bytes, behind the filter: cut", sets("Content-Length", "11")},
		{"drops the length", "X25", "the length: bare: 65536 declared", sets("Content-Length", "")},
		{"swallows what is too much", "X26", "the handler saw: bare: Write: \"http: wrote more", swallows()},
		{"makes half a body whole", "X27", "the response: bare: cut, behind the filter: a complete 200", sets("Content-Length", "")},
		{"swallows the error of a 204", "X28", "the handler saw", swallows()},
		{"swallows the error of a 304", "X29", "the handler saw", swallows()},
		{"sends the fields of the end", "X30", `the field X-Kit: bare: ["early"], behind the filter: ["late"]`, holds()},
		{"takes the label off", "X31", `the field Content-Encoding: bare: ["br"], behind the filter: none`, sets("Content-Encoding", "")},
		{"makes a whole of a part", "X32", "the status: bare: 206", turns(206, 200)},
		{"adds to Cache-Control", "X33", "the field Cache-Control", lists},
		{"drops Accept-Ranges", "X34", "the field Accept-Ranges", sets("Accept-Ranges", "")},
		{"drops nosniff", "X35", "the field X-Content-Type-Options", sets("X-Content-Type-Options", "")},
		{"skips empty writes", "X30", "the field X-Kit", skipsEmpty},
	}
}

func flushDifferences() []breach {
	dams := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, flush: func(http.ResponseWriter) {}}
	})
	refuses := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(hidden{w}, r) })
	undeclares := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			w.Header().Del("Trailer")
			w.WriteHeader(status)
		}}, r)
		for name := range w.Header() {
			if strings.HasPrefix(name, http.TrailerPrefix) {
				w.Header().Del(name)
			}
		}
	})
	return []breach{
		{"ignores Flush", "X36", "reached the client before the handler ended: false", dams},
		{"ignores Flush", "X37", "reached the client before the handler ended: false", dams},
		{"cannot flush", "X38", `the handler saw: bare: Flush: no error, behind the filter: Flush: "feature not supported"`, refuses},
		{"drops the length", "X39", "the length: bare: 8 declared", sets("Content-Length", "")},
		{"drops declared trailers", "X40", `the trailers: bare: X-Kit-Sum: ["42"], behind the filter: `, undeclares},
		{"drops the declaration of a trailer", "X41", "the trailers", undeclares},
		{"drops undeclared trailers", "X42", "the trailers", undeclares},
		{"drops the trailer of a remote call", "X43", "the trailers", undeclares},
	}
}

func requestDifferences() []breach {
	half := reads(func(r *http.Request) { r.Body = io.NopCloser(io.LimitReader(r.Body, 50)) })
	copied := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r.Clone(r.Context()))
	})
	field := func(name, value string) filter {
		return reads(func(r *http.Request) {
			r.Header = r.Header.Clone()
			r.Header.Set(name, value)
		})
	}
	empties := consumes(func(r *http.Request) { io.Copy(io.Discard, r.Body) })
	unknown := reads(func(r *http.Request) { r.ContentLength = -1 })
	stays := reads(func(r *http.Request) { r.Body = io.NopCloser(r.Body) })
	narrow := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter { return limited{w, w.(http.Flusher)} })
	return []breach{
		{"adds a request field without saying so", "X44", `the request field X-User: bare: none, behind the filter: ["ada"]`, field("X-User", "ada")},
		{"cuts uploads", "X45", "the handler saw: bare: Read: 100000 bytes", half},
		{"clones trailers", "X46", "the handler saw: bare: trailer of the request: X-Kit-Sum", copied},
		{"cuts uploads", "X47", "the handler saw: bare: Read: 100 bytes", half},
		{"does not close bodies", "X48", "invalid Read on closed Body", stays},
		{"forgets the length", "X49", "the handler saw: bare: length: 0", unknown},
		{"reads the body itself", "X50", "the handler saw: bare: Read: 4 bytes", empties},
		{"asks for a body that nobody reads", "X51", "the informational responses: bare: [], behind the filter: [100]", empties},
		{"reads a form and keeps it", "X52", "the handler saw: bare: form", empties},
		{"changes the type of a form", "X53", "the handler saw: bare: form", field("Content-Type", "text/plain")},
		{"sends 200 for 204", "X54", "the status: bare: 204", turns(204, 200)},
		{"hides full duplex", "X55", "the handler saw: bare: EnableFullDuplex: no error", narrow},
	}
}

func panicDifferences() []breach {
	other := recovers(func(w http.ResponseWriter, p any) { panic(errors.New("another one")) })
	hushes := recovers(func(w http.ResponseWriter, p any) {})
	reports := recovers(func(w http.ResponseWriter, p any) { http.Error(w, "sorry", http.StatusInternalServerError) })
	return []breach{
		{"panics with another value", "X56", "the panic: bare: filtertest: a handler that fails, behind the filter: another one", other},
		{"recovers without saying so", "X56", "behind the filter: a complete 500", reports},
		{"hushes panics up", "X57", "behind the filter: a complete 200", hushes},
		{"hushes panics up", "X58", "behind the filter: a complete 200", hushes},
		{"reports aborts", "X59", "behind the filter: a complete 500", reports},
		{"hushes aborts up", "X60", "behind the filter: a complete 200", hushes},
	}
}

func controlDifferences() []breach {
	narrow := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter { return limited{w, w.(http.Flusher)} })
	ignores := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return deaf{&broken{ResponseWriter: w}}
	})
	claims := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return grabby{&broken{ResponseWriter: w}, ""}
	})
	return []breach{
		{"hides deadlines", "X61", "the handler saw: bare: SetReadDeadline: no error", narrow},
		{"ignores read deadlines", "X62", "the handler saw: bare: Read: 0 bytes", ignores},
		{"ignores write deadlines", "X63", "the handler saw: bare: Write", ignores},
		{"panics on Hijack", "X64", "the handler saw", claims},
	}
}
