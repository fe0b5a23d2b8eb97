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
// # Catalogue
//
// Who asks, and who may:
//
//   - [TrustProxy]: client, scheme, host and prefix, as proxies that are trusted say; nobody else is believed
//   - [AllowIP], [AllowHosts]: the clients, and the names of hosts, that are served
//   - [BasicAuth], [BasicAuthFile]: name and password, by a function or by a file of htpasswd
//   - [Bearer]: a token, and what it is good for
//   - [ForwardAuth]: an authentication server decides, such as Authelia or oauth2-proxy
//
// What it may cost:
//
//   - [RateLimit]: how often; [Concurrency]: how many at once; [Timeout]: how long
//   - [MaxBody]: how much is sent; [DecompressRequest]: and how much it becomes
//
// The request as the handler wants it:
//
//   - [CanonicalHost], [HTTPS], [CleanPath], [TrailingSlash]: one URL for each page, by redirect
//   - [MethodOverride]: PUT, PATCH and DELETE for clients that have POST alone
//   - [Rewind]: a body that can be read again
//
// The response as clients want it:
//
//   - [Compress], [Range], [Conditional], [ETag]: less of it, a part of it, or nothing if it is the same
//   - [CacheControl], [NoCache]: who may keep it, and for how long
//   - [SecureHeaders], [CookiePolicy]: what browsers are to watch over
//   - [ErrorPage]: errors as a page, as JSON or as text
//
// To see what happens, and to survive it:
//
//   - [RequestID], [AccessLog], [ServerTiming]: which request it was, what became of it, and where its time went
//   - [Recover]: a panic is logged, and answered if that is still possible
//
// What the standard library or a well-kept one has is not here: http.CrossOriginProtection, rs/cors, otelhttp and promhttp
// stand between these as they are.
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
//	Timeout         inside of AccessLog and Recover, which see what became of it, and outside of all that takes time
//	Concurrency     inside of RateLimit, which refuses at less cost, and before anything that costs memory or work
//	MaxBody         before anything that reads a body
//	MethodOverride  inside of MaxBody, as it may read a form; before everything that decides by the method, authentication
//	                among it
//	BasicAuth       inside of RateLimit, which then counts the attempts, too, and outside of all that is protected
//	BasicAuthFile   where BasicAuth stands
//	Bearer          where BasicAuth stands
//	ForwardAuth     where BasicAuth stands, inside of AllowHosts, and outside of what changes the path
//	CleanPath       before everything that goes by the path
//	TrailingSlash   inside of CleanPath, and leaves alone what that is for
//	DecompressRequest
//	                inside of authentication, which spares the work, and of MaxBody, which counts the coded bytes there
//	Rewind          inside of MaxBody and DecompressRequest, so that it keeps no more than has to be read again; around
//	                what reads a body that somebody further in reads as well
//	Compress        outside of the filters that read or change the response's body
//	Range           inside of Compress, so that it cuts no coded body; outside of Conditional, whose 304 comes before parts
//	Conditional     inside of Compress, which mends the tags in both directions
//	ETag            inside of Conditional, which compares it, and of all that changes bodies
//	NoCache         around the pages that it is about
//	CacheControl    around the handlers that it is about; whoever is signed in further in is seen
//
// A RateLimit that counts by user (see RateLimitOptions.Key) stands after what asks for credentials.
package filter
