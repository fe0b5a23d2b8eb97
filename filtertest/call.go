package filtertest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

func callRules() []rule {
	return []rule{{
		id:      "N41",
		text:    "a filter passes a gRPC call: messages both ways by turns, and the status in the trailers",
		reason:  "each message has its length before it, each waits for the one before, and the status comes last",
		ref:     "gRPC over HTTP2, Requests and Responses",
		over:    []protocol{http2},
		check:   remoteCall,
		changes: "RequestFields: fields of the call that are named are not compared",
		unless:  func(o Options) string { return cmp.Or(holding(o), transforming(o)) },
	}}
}

// remoteCall streams three messages in turn, and asks once for an answer without any.
func remoteCall(s *subject) error {
	message := "\x00\x00\x00\x08\x00" + prose(2<<10) // flag, length, text that a compressor would like
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		for name, want := range map[string]string{
			"Te": "trailers", "Content-Type": "application/grpc+proto", "Grpc-Timeout": "1H",
		} {
			if got := r.Header.Get(name); got != want && !edits(s.declared.RequestFields, name) {
				s.failf("the handler reads %s: %q, want %q", name, got, want)
			}
		}
		w.Header().Set("Content-Type", "application/grpc+proto")
		if r.URL.Path == "/kit.Service/Refuse" {
			w.Header().Set("Grpc-Status", "12")
			return
		}
		w.Header().Add("Trailer", "Grpc-Status")
		w.Header().Add("Trailer", "Grpc-Message")
		w.WriteHeader(http.StatusOK)
		for got := make([]byte, len(message)); ; {
			if _, err := io.ReadFull(r.Body, got); err != nil {
				break
			}
			if err := same(got, []byte(message)); err != nil {
				s.failf("the handler read another message: %w", err)
			}
			w.Write(got)
			flush(w, true)
		}
		w.Header().Set("Grpc-Status", "0")
		w.Header().Set("Grpc-Message", "")
		w.Header().Set(http.TrailerPrefix+"X-Kit-Detail", "fine")
	})
	if err := at.converse(message); err != nil {
		return errors.Join(at.reached(), err)
	}
	a, err := at.whole(at.call("/kit.Service/Refuse", http.NoBody))
	if err != nil {
		return err
	}
	if got := a.Header.Get("Grpc-Status"); got != "12" || len(a.raw) > 0 {
		return fmt.Errorf("an answer of trailers alone has grpc-status %q and %d bytes of body", got, len(a.raw))
	}
	return nil
}

// call makes a request as a gRPC client does.
func (at *site) call(path string, body io.Reader) *http.Request {
	return at.request("POST", path, body, "Content-Type", "application/grpc+proto", "Te", "trailers",
		"Grpc-Timeout", "1H", "Grpc-Accept-Encoding", "gzip")
}

// converse sends a message, reads it back, and sends the next one.
func (at *site) converse(message string) error {
	body, client := at.pipe()
	go io.WriteString(client, message)
	res, err := at.client.Do(at.call("/kit.Service/Echo", body))
	if err != nil {
		return fmt.Errorf("no head came while the call was open: %w", err)
	}
	defer res.Body.Close()
	if v := slices.Concat(res.Header["Content-Encoding"], res.Header["Content-Length"]); len(v) > 0 {
		return fmt.Errorf("the head says %q about the body", v)
	}
	if got := res.Header.Get("Content-Type"); got != "application/grpc+proto" || res.StatusCode != http.StatusOK {
		return fmt.Errorf("the head is a %d of type %q", res.StatusCode, got)
	}
	for i := range 3 {
		got := make([]byte, len(message))
		if _, err := io.ReadFull(res.Body, got); err != nil {
			return fmt.Errorf("message %d did not come while the call was open: %w", i+1, err)
		}
		if err := same(got, []byte(message)); err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
		if i < 2 {
			io.WriteString(client, message)
		}
	}
	client.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		return fmt.Errorf("after the last message came %q, %v", rest, err)
	}
	for name, want := range map[string]string{"Grpc-Status": "0", "X-Kit-Detail": "fine"} {
		if got := res.Trailer.Get(name); got != want {
			return fmt.Errorf("the trailer %s is %q, want %q", name, got, want)
		}
	}
	return nil
}
