// Package filtertest checks that a filter, a func(http.Handler) http.Handler, keeps the promises that handlers,
// clients and other filters rely on. It works for anybody's filter, whatever it is made with:
//
//	func TestMine(t *testing.T) {
//		filtertest.Run(t, mine.Filter)
//	}
//
// The kit puts handlers below the filter on real HTTP/1.1 and HTTP/2 servers, talks to them as a client that accepts
// gzip, and compares what it sees with what the same handler does on a bare server of net/http: what was flushed
// arrives at once, a 103 does not become the answer, a response that was cut looks cut, the request that the filter
// was given is as it was, a writer that a handler kept is of no use to it after the request, and so on.
//
// A failure names the rule, says what was seen instead, what the rule protects from, and where it is written:
//
//	D10: a filter lets the temporary files of an upload be removed after the request
//		over HTTP/1.1: /tmp/multipart-3085114060 is still there after the request
//		reason: the server removes those of the request that it made; a copy has to give MultipartForm back, or the
//		disk fills (net/http.Request.ParseMultipartForm)
//
// One rule runs alone as a subtest: go test -run 'TestMine/D10'.
//
// The rules leave a filter its work: it may add fields, compress, limit, report panics that came before output. They
// expect it to call its handler for the kit's requests. Rules wait for events and not for a time to pass: a run of a
// right filter takes about half a second, a broken one may take ten seconds for each thing that never happens.
//
// Check does the same outside of tests.
package filtertest
