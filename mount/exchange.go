package mount

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/weirhttp/weir/internal/fcgi"
)

// exchange is a request on its way to a FastCGI responder, and its answer.
type exchange struct {
	fault
	env      environ
	body     *body
	sendfile string
}

// pythonTraceback is how the record of a worker begins that says why an application failed.
const pythonTraceback = "Traceback (most recent call last):"

var paramsPool = sync.Pool{New: func() any { return new(fcgi.Params) }}

// over has the request answered over conn. The fault of an error is not answered yet.
func (e *exchange) over(conn *fcgi.Conn) (err error) {
	ctx, cancel := context.WithCancelCause(e.r.Context())
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		conn.Interrupt()
	})
	defer func() {
		if !stop() {
			<-interrupted // or it would hit the next request
		}
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, errBroken) {
			err = cause
		}
		var status *fcgi.StatusError
		if errors.As(err, &status) && status.Protocol == 0 {
			e.fault.status = http.StatusInternalServerError // it is the application's
		}
		cancel(nil)
	}()
	conn.Stderr = e.log
	return e.converse(conn, cancel)
}

// converse sends the request over conn and its answer to the client. Broken is called when
// the client did not send all of the body.
func (e *exchange) converse(conn *fcgi.Conn, broken func(error)) error {
	params := paramsPool.Get().(*fcgi.Params)
	defer paramsPool.Put(params)
	params.Reset()
	for _, v := range e.env {
		params.Add(v.name, v.value)
	}
	if err := conn.Begin(params, e.body.length != 0); err != nil {
		return err
	}
	if e.body.length != 0 {
		e.body.fullDuplex()
		go func(to fcgi.Body, from *body) {
			if to.Send(from) != nil {
				broken(from.fault()) // the responder must not take what came for all of it
			}
		}(conn.Body(), e.body)
	}
	out := newAnswerBody(conn)
	defer out.free()
	out.waits = conn.Waits
	res, err := readAnswer(e.r, out)
	if err != nil {
		return err
	}
	if name := sendfileName(res); name != "" && e.sendfile != "" && res.StatusCode == http.StatusOK {
		res.Body = nil // the application's own
		return e.sendFile(res, name)
	}
	return e.deliver(res, out)
}

// repeatable reports whether the request can be sent once more.
func (e *exchange) repeatable() bool {
	switch e.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return e.body.length == 0 && e.r.Context().Err() == nil
	}
	return false
}

// log logs what the application wrote to its standard error.
func (e *exchange) log(record []byte) {
	text := string(bytes.TrimRight(record, "\r\n"))
	switch {
	case strings.HasPrefix(text, pythonTraceback):
		e.traceback = text
	case text != "":
		e.logger.LogAttrs(e.r.Context(), slog.LevelWarn, "mount: standard error", slog.String("text", text))
	}
}
