package bench_test

import (
	"net/http"
	"time"

	"github.com/CAFxX/httpcompression"
	"github.com/NYTimes/gziphandler"
	"github.com/felixge/httpsnoop"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
	"github.com/unrolled/secure"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filtertest"
)

// A peer is a filter that the kit is run over, in its module's own words, with what it has to declare.
type peer struct {
	name     string
	module   string // "" is the standard library
	declares filtertest.Options
	make     func() weir.Filter
}

// always is make for a filter that needs no making.
func always(f weir.Filter) func() weir.Filter { return func() weir.Filter { return f } }

// The declarations of those that do the same job.
var (
	encodes  = filtertest.Options{Encodes: true}
	recovers = filtertest.Options{Recovers: true}
	answers  = filtertest.Options{Answers: true}
	watches  = filtertest.Options{}
	routes   = filtertest.Options{Mounts: true} // routers are
)

// peers returns all of them, ours last.
func peers() []peer {
	var all []peer
	for _, some := range [][]peer{standardPeers, chiPeers, gorillaPeers, singlePeers, limiterPeers, echoPeers, ginPeers} {
		all = append(all, some...)
	}
	return append(all, ownPeers()...)
}

var standardPeers = []peer{
	{"http.TimeoutHandler", "", filtertest.Options{Holds: true}, always(func(next http.Handler) http.Handler {
		return http.TimeoutHandler(next, time.Hour, "")
	})},
	{"http.MaxBytesHandler", "", watches, always(func(next http.Handler) http.Handler {
		return http.MaxBytesHandler(next, 64<<20)
	})},
	{"http.StripPrefix", "", watches, always(stripPrefix)},
	{"http.AllowQuerySemicolons", "", watches, always(http.AllowQuerySemicolons)},
	{"http.CrossOriginProtection", "", watches, func() weir.Filter { return http.NewCrossOriginProtection().Handler }},
}

const chiModule = "github.com/go-chi/chi/v5"

var chiPeers = []peer{
	{"chi", chiModule, routes, always(chiRouter())},
	{"chi middleware.Logger", chiModule, watches, func() weir.Filter {
		return middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: quiet, NoColor: true})
	}},
	{"chi middleware.Recoverer", chiModule, recovers, always(middleware.Recoverer)},
	{"chi middleware.Compress", chiModule, encodes, func() weir.Filter { return middleware.Compress(gzipLevel) }},
	{"chi middleware.Timeout", chiModule, watches, func() weir.Filter { return middleware.Timeout(time.Hour) }},
	{"chi middleware.ClientIPFromXFF", chiModule, watches, func() weir.Filter { return middleware.ClientIPFromXFF("10.0.0.0/8") }},
	{"chi middleware.RealIP", chiModule, watches, always(middleware.RealIP)}, //lint:ignore SA1019 many programs have it
	{"chi middleware.StripSlashes", chiModule, filtertest.Options{Rewrites: true}, always(middleware.StripSlashes)},
	{"chi middleware.RequestID", chiModule, watches, always(middleware.RequestID)},
	{"chi middleware.NoCache", chiModule, noCache, always(middleware.NoCache)},
	{"chi middleware.Throttle", chiModule, answers, func() weir.Filter { return middleware.Throttle(1000) }},
	{"chi middleware.GetHead", chiModule, routes, always(chiRouter(middleware.GetHead))},
	{"chi middleware.RequestSize", chiModule, watches, func() weir.Filter { return middleware.RequestSize(64 << 20) }},
	{"chi middleware.SetHeader", chiModule, watches, func() weir.Filter { return middleware.SetHeader("X-Frame-Options", "DENY") }},
	{"chi middleware.WithValue", chiModule, watches, func() weir.Filter { return middleware.WithValue(peerKey{}, "alice") }},
}

// peerKey is a context key.
type peerKey struct{}

var noCache = filtertest.Options{
	RequestFields: []string{
		"ETag", "If-Modified-Since", "If-Match", "If-None-Match", "If-Range", "If-Unmodified-Since",
	},
	ResponseFields: []string{"Cache-Control", "Expires", "Pragma", "X-Accel-Expires"},
}

// chiRouter is chi's router with a route for everything, and the filters that need one.
func chiRouter(use ...func(http.Handler) http.Handler) weir.Filter {
	return func(next http.Handler) http.Handler {
		router := chi.NewRouter()
		router.Use(use...)
		router.Handle("/*", next)
		return router
	}
}

const gorillaModule = "github.com/gorilla/handlers"

// encodesItself hides from the handler that there is a choice.
var encodesItself = filtertest.Options{Encodes: true, RequestFields: []string{"Accept-Encoding"}}

var gorillaPeers = []peer{
	{"gorilla handlers.CompressHandler", gorillaModule, encodesItself, always(handlers.CompressHandler)},
	{"gorilla handlers.RecoveryHandler", gorillaModule, recovers, func() weir.Filter {
		return handlers.RecoveryHandler(handlers.RecoveryLogger(quiet))
	}},
	{"gorilla handlers.LoggingHandler", gorillaModule, watches, always(func(next http.Handler) http.Handler {
		return handlers.LoggingHandler(quiet.Writer(), next)
	})},
	{"gorilla handlers.ProxyHeaders", gorillaModule, watches, always(handlers.ProxyHeaders)},
	{"gorilla handlers.CORS", gorillaModule, answers, func() weir.Filter { return handlers.CORS() }},
	{"gorilla handlers.HTTPMethodOverrideHandler", gorillaModule, watches, always(handlers.HTTPMethodOverrideHandler)},
}

// singlePeers come from modules that are about one thing.
var singlePeers = []peer{
	{"gzhttp.GzipHandler", "github.com/klauspost/compress", encodes, always(func(next http.Handler) http.Handler {
		return gzhttp.GzipHandler(next)
	})},
	{"httpcompression.DefaultAdapter", "github.com/CAFxX/httpcompression", encodes, func() weir.Filter {
		return must(httpcompression.DefaultAdapter())
	}},
	{"gziphandler.GzipHandler", "github.com/NYTimes/gziphandler", encodes, always(gziphandler.GzipHandler)},
	{"httpsnoop.CaptureMetrics", "github.com/felixge/httpsnoop", watches, always(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { httpsnoop.CaptureMetrics(next, w, r) })
	})},
	{"negroni.Logger", negroniModule, watches, always(negroniLogger)},
	{"negroni.Recovery", negroniModule, recovers, always(negroniRecovery)},
	{"negroni.Recovery and Logger", negroniModule, recovers, always(func(next http.Handler) http.Handler {
		return negroniRecovery(negroniLogger(next))
	})},
	{"otelhttp.NewMiddleware", "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", watches, func() weir.Filter {
		return otelhttp.NewMiddleware("server")
	}},
	{"promhttp.InstrumentHandlerCounter", prometheusModule, watches, always(countRequests)},
	{"promhttp.InstrumentHandler, five in a row", prometheusModule, watches, always(measureRequests)},
	{"zerolog hlog.NewHandler", zerologModule, watches, always(hlogNew)},
	{"zerolog hlog.AccessHandler", zerologModule, watches, always(hlogAccess)},
	{"zerolog hlog.RequestIDHandler", zerologModule, watches, always(hlogRequestID)},
	{"cors.Default", "github.com/rs/cors", watches, func() weir.Filter { return cors.Default().Handler }},
	{"secure.New", "github.com/unrolled/secure", watches, func() weir.Filter {
		return secure.New(secure.Options{FrameDeny: true, ContentTypeNosniff: true, ReferrerPolicy: "same-origin"}).Handler
	}},
	{"nosurf.NewPure", "github.com/justinas/nosurf", answers, always(protect)},
	{"scs.LoadAndSave", "github.com/alexedwards/scs/v2", watches, sessions},
}
