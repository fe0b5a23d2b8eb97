package filtertest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// scriptDate is the one Date that a script sets itself; the server's own is different each second.
const scriptDate = "Tue, 15 Nov 1994 08:12:31 GMT"

// aboutBody are the fields that speak of the body. Whoever changes the body may change them.
var aboutBody = [...]string{
	"Content-Length", "Etag", "Last-Modified", "Accept-Ranges", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest",
}

// notAdded are the fields that no filter adds without a declaration: they change what the body means, where the client
// goes, or what becomes of the connection.
var notAdded = [...]string{
	"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Content-Range", "Content-Disposition",
	"Location", "Refresh", "Connection", "Upgrade", "Transfer-Encoding", "Trailer", "Www-Authenticate",
}

// A comparison collects differences.
type comparison struct {
	declared Options
	found    []error
}

// differ notes a difference, once.
func (c *comparison) differ(what string, bare, behind any) {
	err := fmt.Errorf("%s: bare: %v, behind the filter: %v", what, bare, behind)
	if !slices.ContainsFunc(c.found, func(e error) bool { return e.Error() == err.Error() }) {
		c.found = append(c.found, err)
	}
}

// equal notes two texts that are not the same.
func (c *comparison) equal(what, bare, behind string) {
	if bare != behind {
		c.differ(what, bare, behind)
	}
}

// compare returns what is different behind the filter that the filter did not declare.
func compare(bare, behind *observation, o Options) error {
	c := &comparison{declared: o}
	c.handler(bare.saw, behind.saw)
	for name := range names(bare.fields, behind.fields) {
		if was, is := quoted(bare.fields[name]), quoted(behind.fields[name]); !edits(o.RequestFields, name) {
			c.equal("the request field "+name, was, is)
		}
	}
	if len(c.found) > 0 { // what the client saw follows from that
		return errors.Join(c.found...)
	}
	if !c.recovered(bare, behind) {
		c.panics(bare, behind)
		c.early(bare.early, behind.early)
		c.response(bare.answer, behind.answer)
	}
	return errors.Join(c.found...)
}

// recovered says whether the filter did to a panic what it declares.
func (c *comparison) recovered(bare, behind *observation) bool {
	if !c.declared.Recovers || bare.panicked == none || bare.panicked == http.ErrAbortHandler.Error() {
		return false
	}
	sent := bare.answer.Response != nil && !c.declared.Holds
	a := behind.answer
	return a.cut != nil || !sent && a.StatusCode >= 500
}

// panics compares what came out of the handler with what came out of the filter. A filter that finds out that a
// response has to be cut does that by a panic of its own.
func (c *comparison) panics(bare, behind *observation) {
	if bare.panicked == none && behind.panicked == http.ErrAbortHandler.Error() && bare.answer.cut != nil {
		return
	}
	c.equal("the panic", bare.panicked, behind.panicked)
}

// handler compares what the handler saw, line by line.
func (c *comparison) handler(bare, behind []string) {
	for i := range max(len(bare), len(behind)) {
		line := func(saw []string) string {
			if i < len(saw) {
				return saw[i]
			}
			return "nothing more"
		}
		c.equal("the handler saw", line(bare), line(behind))
	}
}

// early compares informational responses.
func (c *comparison) early(bare, behind []early) {
	statuses := func(all []early) (codes []int) {
		for _, e := range all {
			codes = append(codes, e.status)
		}
		return codes
	}
	if a, b := statuses(bare), statuses(behind); !slices.Equal(a, b) {
		c.differ("the informational responses", a, b)
		return
	}
	for i := range bare {
		c.fields(fmt.Sprintf("of the %d ", bare[i].status), http.Header(bare[i].fields), http.Header(behind[i].fields), nil)
	}
}

// response compares what the client saw last.
func (c *comparison) response(bare, behind *answer) {
	if c.declared.Holds && bare.cut != nil && behind.cut == nil && behind.StatusCode >= 500 {
		return // it found out in time
	}
	if (bare.cut == nil) != (behind.cut == nil) {
		c.differ("the response", state(bare), state(behind))
		return
	}
	if bare.Response == nil || behind.Response == nil {
		return // cut before the head, or behind it: how far a cut response comes is chance
	}
	c.equal("the status", bare.Status, behind.Status)
	changed := c.declared.Transforms || c.declared.Encodes && (behind.Header.Get("Content-Encoding") != "" || bare.Request.Method == http.MethodHead)
	c.fields("", bare.Header, behind.Header, c.mayChange(bare, behind, changed))
	if !changed && !c.declared.Holds && !edits(c.declared.ResponseFields, "Content-Length") {
		c.equal("the length", framing(bare), framing(behind))
	}
	if bare.cut != nil {
		return
	}
	if behind.bad != nil {
		c.differ("the coded body", "decodes", behind.bad)
	}
	if !changed && !bytes.Equal(bare.raw, behind.raw) {
		c.differ("the body as it was sent", excerpt(bare.raw, behind.raw), excerpt(behind.raw, bare.raw))
	}
	if !c.declared.Transforms && !bytes.Equal(bare.body, behind.body) && changed {
		c.differ("the body", excerpt(bare.body, behind.body), excerpt(behind.body, bare.body))
	}
	if len(bare.body) == 0 && len(behind.raw) > 0 {
		c.differ("the body", "nothing", excerpt(behind.raw, nil))
	}
	c.equal("the trailers", lines(bare.Trailer, c.declared.ResponseFields), lines(behind.Trailer, c.declared.ResponseFields))
}

// mayChange returns the fields that the filter's declarations allow to be different in this response.
func (c *comparison) mayChange(bare, behind *answer, changed bool) []string {
	var free []string
	if changed {
		free = append(free, aboutBody[:]...)
	}
	if changed && c.declared.Encodes && bare.Header.Get("Content-Encoding") == "" {
		free = append(free, "Content-Encoding")
	}
	return free
}

// fields compares response fields, those of the filter's own and those that it may change aside.
func (c *comparison) fields(of string, bare, behind http.Header, free []string) {
	free = append(free, c.declared.ResponseFields...)
	for name := range names(bare, behind) {
		was, is := bare.Values(name), behind.Values(name)
		switch {
		case edits(free, name) || name == "Content-Length": // the length is compared as framing
		case name == "Date" && !slices.Contains(was, scriptDate):
		case name == "Vary":
			if lost := without(tokens(bare, name), tokens(behind, name)); len(lost) > 0 && !slices.Contains(tokens(behind, name), "*") {
				c.differ("the field "+of+name, was, is)
			}
		case name == "Set-Cookie":
			if kept := slices.DeleteFunc(slices.Clone(is), func(v string) bool { return !slices.Contains(was, v) }); !slices.Equal(was, kept) {
				c.differ("the field "+of+name, quoted(was), quoted(is))
			}
		case len(was) == 0 && !slices.Contains(notAdded[:], name) && !slices.Contains(aboutBody[:], name):
		case !slices.Equal(was, is):
			c.differ("the field "+of+name, quoted(was), quoted(is))
		}
	}
}

// names returns the names of the fields of both, in order.
func names(a, b http.Header) iter.Seq[string] {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Values(slices.Compact(all))
}

// without returns those of all that are not among the others.
func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(v string) bool { return slices.Contains(others, v) })
}

// quoted writes the values of a field.
func quoted(values []string) string {
	if len(values) == 0 {
		return none
	}
	return fmt.Sprintf("%q", values)
}

// state says how a response ended.
func state(a *answer) string {
	switch {
	case a.cut == nil:
		return fmt.Sprintf("a complete %d of %d bytes", a.StatusCode, len(a.raw))
	case a.Response == nil:
		return "cut before a head came"
	}
	return "cut"
}

// framing says how the client learns where the body ends.
func framing(a *answer) string {
	text := "not declared"
	if a.ContentLength >= 0 {
		text = fmt.Sprintf("%d declared", a.ContentLength)
	}
	if v := a.Header.Values("Content-Length"); len(v) > 0 {
		text += fmt.Sprintf(" by %q", v)
	}
	if len(a.TransferEncoding) > 0 {
		text += ", " + strings.Join(a.TransferEncoding, ", ")
	}
	if a.Close {
		text += ", the connection closes"
	}
	return text
}

// excerpt shows a body from where it parts from another one.
func excerpt(b, other []byte) string {
	at := 0
	for at < min(len(b), len(other)) && b[at] == other[at] {
		at++
	}
	return fmt.Sprintf("%d bytes, from byte %d on %.40q", len(b), at, b[at:])
}
