package bench_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"
	"github.com/gorilla/handlers"
	"github.com/rs/zerolog/hlog"
	"github.com/unrolled/secure"
	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

// settings are what a stack of ten filters is made with.
type settings struct {
	limit   int           // requests an hour of one client
	timeout time.Duration // to the answer
	body    int64         // most bytes of a request's body
	log     io.Writer     // has a line for each request
	panics  bool          // one is to come, and need not be printed
}

// tens are stacks of ten filters that do the same as nearly as can be: they find the
// client behind a proxy, give the request an id, log it, set six fields for browsers,
// recover, limit each client, redirect to the one URL of a page, and bound the time to
// the answer and the size of a body, and code the answer with gzip.
var tens = []struct {
	lib       string
	make      func(settings) weir.Filter
	client    func(*http.Request) string // as the filters tell the handler
	id        func(*http.Request) string
	elsewhere string // what is redirected
}{
	{"weir", tenOfWeir, func(r *http.Request) string { return rewrite.ClientOf(r).String() },
		func(r *http.Request) string { id, _ := filter.ID.Value(r.Context()); return id }, "/page/"},
	{"chi", tenOfChi, func(r *http.Request) string { return middleware.GetClientIP(r.Context()) },
		func(r *http.Request) string { return middleware.GetReqID(r.Context()) }, "/page/"},
	{"gorilla", tenOfGorilla, func(r *http.Request) string { return r.RemoteAddr }, hlogID, "http://www.example.com/page"},
}

// believed are the addresses of httptest's requests and of connections over loopback.
var believed = []string{"192.0.2.0/24", "127.0.0.0/8"}

func tenOfWeir(s settings) weir.Filter {
	var trusted []netip.Prefix
	for _, p := range believed {
		trusted = append(trusted, netip.MustParsePrefix(p))
	}
	logger := slog.New(slog.NewTextHandler(s.log, nil))
	return weir.Stack(
		filter.TrustProxy(trusted, filter.TrustProxyOptions{}),
		filter.RequestID(filter.RequestIDOptions{}),
		filter.AccessLog(filter.AccessLogOptions{Logger: logger}),
		filter.SecureHeaders(filter.SecureHeadersOptions{}),
		filter.Recover(filter.RecoverOptions{Logger: slog.New(slog.DiscardHandler)}),
		filter.RateLimit(rate.Limit(float64(s.limit)/3600), s.limit, filter.RateLimitOptions{}),
		filter.TrailingSlash(filter.TrailingSlashOptions{}),
		filter.Timeout(s.timeout, filter.TimeoutOptions{}),
		filter.MaxBody(s.body),
		filterCompress("gzip"),
	).Then
}

// forBrowsers are the fields that SecureHeaders sends over plain HTTP.
var forBrowsers = [][2]string{
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "SAMEORIGIN"},
	{"Referrer-Policy", "strict-origin-when-cross-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin-allow-popups"},
	{"Cross-Origin-Resource-Policy", "same-site"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
}

func tenOfChi(s settings) weir.Filter {
	var format middleware.LogFormatter = &middleware.DefaultLogFormatter{Logger: log.New(s.log, "", 0), NoColor: true}
	if s.panics {
		format = silentPanics{format}
	}
	filters := chi.Middlewares{
		middleware.ClientIPFromXFF(believed...),
		middleware.RequestID,
		middleware.RequestLogger(format),
	}
	for _, f := range forBrowsers {
		filters = append(filters, middleware.SetHeader(f[0], f[1]))
	}
	return append(filters,
		middleware.Recoverer,
		httprate.LimitBy(s.limit, time.Hour, func(r *http.Request) (string, error) { return middleware.GetClientIP(r.Context()), nil }),
		middleware.RedirectSlashes,
		middleware.Timeout(s.timeout),
		middleware.RequestSize(s.body),
		middleware.Compress(gzipLevel),
	).Handler
}

// silentPanics is a log without the panics, which chi prints to standard error.
type silentPanics struct{ middleware.LogFormatter }

func (f silentPanics) NewLogEntry(r *http.Request) middleware.LogEntry {
	return silentEntry{f.LogFormatter.NewLogEntry(r)}
}

type silentEntry struct{ middleware.LogEntry }

func (silentEntry) Panic(any, []byte) {}

// tenOfGorilla takes from others what gorilla has no part for.
func tenOfGorilla(s settings) weir.Filter {
	return weir.Stack(
		handlers.ProxyHeaders,
		hlog.RequestIDHandler("", "X-Request-Id"),
		func(next http.Handler) http.Handler { return handlers.CombinedLoggingHandler(s.log, next) },
		secure.New(secure.Options{
			ContentTypeNosniff:        true,
			CustomFrameOptionsValue:   forBrowsers[1][1],
			ReferrerPolicy:            forBrowsers[2][1],
			CrossOriginOpenerPolicy:   forBrowsers[3][1],
			CrossOriginResourcePolicy: forBrowsers[4][1],
			PermissionsPolicy:         forBrowsers[5][1],
		}).Handler,
		handlers.RecoveryHandler(handlers.RecoveryLogger(quiet)),
		httprate.LimitBy(s.limit, time.Hour, func(r *http.Request) (string, error) { return httprate.CanonicalizeIP(r.RemoteAddr), nil }),
		handlers.CanonicalHost("http://example.com", http.StatusPermanentRedirect),
		func(next http.Handler) http.Handler { return http.TimeoutHandler(next, s.timeout, "") },
		func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, s.body) },
		func(next http.Handler) http.Handler { return handlers.CompressHandlerLevel(next, gzipLevel) },
	).Then
}

func hlogID(r *http.Request) string {
	id, _ := hlog.IDFromRequest(r)
	return id.String()
}
