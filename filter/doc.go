// Package filter has ready-made filters for HTTP servers.
//
// A filter is a func(http.Handler) http.Handler: it is given the handler that is next and returns one that goes before it,
// which may answer itself, hand on a changed copy of the request, or change the response on its way out. Nothing else
// makes a filter, so those of this package stand next to anybody else's, in alice's chains, chi's and gorilla's
// routers, and by themselves:
//
//	h = filter.Recover(filter.RecoverOptions{})(h)
//
// A filter is made once, when the server starts, and checks and prepares what it needs then: options that make no
// sense panic there, with a message that names filter and option. What state it has (the buckets of RateLimit) it has
// from then on, however many handlers it is bound to. Never make one per request.
//
// Options are structs, their zero values are right for most programs, and what has no right value for everybody is a
// parameter of its own.
//
// # Order
//
// In a stack, requests go from the outermost filter to the innermost and responses come back the other way. The
// filters of this package belong in this order, outermost first:
//
//	TrustProxy      before everything that goes by the client, the scheme, the host or the prefix
//	RequestID       before everything that speaks of the request: AccessLog and Recover tell its id
//	AccessLog       outside of all that answers, so that every answer is logged, as the client gets it; it knows the
//	                user who is found out further in, and what is noted there
//	SecureHeaders   outside of all that answers, so that errors have the fields, too
//	ServerTiming    outside of what it is to time
//	CookiePolicy    outside of all that sets a cookie
//	ErrorPage       outside of all that refuses requests, and of Recover, whose 500 gets a page, too
//	Recover         inside of AccessLog, which logs its 500, and outside of what may panic
//	AllowIP         before anything that costs more than it does
//	AllowHosts      before everything that goes by the host
//	CanonicalHost   before everything that does something of worth; inside of AllowHosts
//	HTTPS           before everything that does something of worth; inside of AllowHosts
//	RateLimit       before anything that costs more than it does; after what finds out the client address
//	BasicAuth       inside of RateLimit, which then counts the attempts, too, and outside of all that is protected
//	BasicAuthFile   where BasicAuth stands
//	ForwardAuth     where BasicAuth stands, and outside of what changes the path
//	CleanPath       before everything that goes by the path
//	TrailingSlash   inside of CleanPath, and leaves alone what that is for
//	Timeout         inside of AccessLog and Recover, which see what became of it, and outside of all that takes time
//	Concurrency     inside of RateLimit, which refuses at less cost, and before anything that costs memory or work
//	MaxBody         before anything that reads a body
//	MethodOverride  inside of MaxBody, as it may read a form; before everything that decides by the method
//	DecompressRequest
//	                inside of authentication, which spares the work, and of MaxBody, which counts the coded bytes there
//	Compress        outside of the filters that read or change the response's body
//	Range           inside of Compress, so that it cuts no coded body; outside of Conditional, whose 304 comes before parts
//	Conditional     inside of Compress, which mends the tags in both directions
//	ETag            inside of Conditional, which compares it, and of all that changes bodies
//	NoCache         around the pages that it is about
//	CacheControl    inside of what signs users in, whose responses are private, around the handlers
//
// A RateLimit that counts by user (see RateLimitOptions.Key) stands after what asks for credentials.
package filter
