package filtertest

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
)

func bodyRules() []rule {
	return []rule{{
		id:     "D01",
		text:   "a filter passes a body of 1 MiB byte for byte",
		reason: "what the handler wrote is what the client has to read",
		ref:    "net/http.ResponseWriter",
		check:  bodies(noise(1<<20), func(s *subject, w http.ResponseWriter, b []byte) { w.Write(b) }),
	}, {
		id:     "D02",
		text:   "a filter passes a body that is written in 5,000 small pieces",
		reason: "templates write word by word",
		ref:    "net/http.ResponseWriter",
		check: bodies(noise(15_000), func(s *subject, w http.ResponseWriter, b []byte) {
			for i := 0; i < len(b); i += 3 {
				w.Write(b[i : i+3])
			}
		}),
	}, {
		id:     "D03",
		text:   "a filter returns the number of bytes that the handler wrote, and no error",
		reason: "io.Copy takes any other number for a short write and stops",
		ref:    "io.Writer",
		check:  bodies([]byte(prose(32<<10)), counted),
	}, {
		id:     "D04",
		text:   "a filter passes a file that is copied with io.Copy",
		reason: "io.Copy finds other ways into the writer than Write",
		ref:    "io.ReaderFrom",
		check:  bodies([]byte(prose(1<<20)), copied),
	}, {
		id:     "D05",
		text:   "a filter keeps the order of Write, WriteString and ReadFrom",
		reason: "a way around the filter's buffer overtakes what is in it",
		ref:    "io.ReaderFrom, io.StringWriter",
		check:  bodies(noise(90_000), mixed),
	}, {
		id:     "N08",
		text:   "a filter does not keep the handler's slice after Write",
		reason: "handlers use their buffers again at once",
		ref:    "io.Writer",
		check:  bodies(noise(64<<10), reused),
	}}
}

// noise returns n bytes that do not compress, always the same ones.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{'k', 'i', 't'}).Read(b)
	return b
}

// bodies has the handler write body, called text so that compressors take it, and compares what comes.
func bodies(body []byte, write func(*subject, http.ResponseWriter, []byte)) func(*subject) error {
	return func(s *subject) error {
		at := s.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			write(s, w, body)
		})
		for _, coding := range []string{"gzip", "identity"} {
			if _, err := at.expect("/", http.StatusOK, string(body), "Accept-Encoding", coding); err != nil {
				return err
			}
		}
		return nil
	}
}

// reused writes from one buffer that it clears after each Write.
func reused(s *subject, w http.ResponseWriter, b []byte) {
	buf := make([]byte, 512)
	for len(b) > 0 {
		n := copy(buf, b)
		w.Write(buf[:n])
		clear(buf)
		b = b[n:]
	}
}

// counted looks at what Write returns.
func counted(s *subject, w http.ResponseWriter, b []byte) {
	for _, size := range []int{0, 1, 100, 3000, 20_000, len(b)} {
		size = min(size, len(b))
		if n, err := w.Write(b[:size]); n != size || err != nil {
			s.failf("Write of %d bytes returned %d, %v", size, n, err)
			return
		}
		b = b[size:]
	}
	if n, err := io.WriteString(w, ""); n != 0 || err != nil {
		s.failf("WriteString of nothing returned %d, %v", n, err)
	}
}

// copied copies a file.
func copied(s *subject, w http.ResponseWriter, b []byte) {
	f, err := os.CreateTemp("", "filtertest")
	if err != nil {
		s.failf("no temporary file: %w", err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	f.Write(b)
	f.Seek(0, io.SeekStart)
	if n, err := io.Copy(w, f); n != int64(len(b)) || err != nil {
		s.failf("io.Copy of %d bytes returned %d, %v", len(b), n, err)
	}
}

// mixed writes in every way by turns.
func mixed(s *subject, w http.ResponseWriter, b []byte) {
	for i := 0; len(b) > 0; i++ {
		n := min(i*97, len(b))
		piece := b[:n]
		b = b[n:]
		switch i % 4 {
		case 0:
			w.Write(piece)
		case 1:
			//lint:ignore SA6006 the way in for strings is what is asked
			io.WriteString(w, string(piece))
		case 2:
			io.Copy(w, strings.NewReader(string(piece))) // by WriteTo
		case 3:
			io.Copy(w, struct{ io.Reader }{strings.NewReader(string(piece))}) // by ReadFrom, where there is one
		}
		if i%16 == 15 {
			flush(w, true)
		}
	}
}
