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
// RULES.md lists all rules. One runs alone as a subtest: go test -run 'TestMine/D10'.
//
// # What a filter does on purpose
//
// Without a word the rules take a filter for one that watches, or edits with care: it may add response fields of its
// own, and hand on a copy of the request with values in its context. One that does more declares that, and the rules
// expect it and still check what remains true:
//
//	filtertest.Run(t, gzip.Filter, filtertest.Options{Encodes: true})
//	filtertest.Run(t, user.Filter, filtertest.Options{RequestFields: []string{"X-User"}})
//
// A fault that is known is an exception, which names the rule and gives a reason. Both are printed:
//
//	filtertest.Run(t, mine.Filter, filtertest.Options{
//		Except: map[string]string{"F05": "no mux stands below it"},
//	})
//
// # The rules whose ID begins with X
//
// Each of these plays a handler, which is a short script, twice, bare and below the filter, and compares everything that
// the client and the handler can observe: "the status: bare: 404 Not Found, behind the filter: 200 OK". They find what
// no other rule asks for. Where both fail, the other rule says more.
//
// # Time
//
// Rules wait for events and not for a time to pass: a run of a right filter takes about a second, a broken one may take
// ten seconds for each thing that never happens.
//
// Check does the same outside of tests, and returns a Report that can be printed.
package filtertest
