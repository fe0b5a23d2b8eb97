package bench_test

import (
	"io"
	"log"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	gingzip "github.com/gin-contrib/gzip"
	"github.com/gin-gonic/gin"
	"github.com/justinas/nosurf"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/hlog"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/urfave/negroni/v3"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/rewrite"
)

// quiet is a log that nobody reads.
var quiet = log.New(io.Discard, "", 0)

// stripPrefix is http.StripPrefix below a filter that puts the prefix there.
func stripPrefix(next http.Handler) http.Handler {
	return rewrite.Request(func(r *http.Request) {
		u := *r.URL
		if u.Path = "/app" + u.Path; u.RawPath != "" {
			u.RawPath = "/app" + u.RawPath
		}
		r.URL = &u
	})(http.StripPrefix("/app", next))
}

const negroniModule = "github.com/urfave/negroni/v3"

func negroniLogger(next http.Handler) http.Handler {
	logger := negroni.NewLogger()
	logger.ALogger = quiet
	return negroni.New(logger, negroni.Wrap(next))
}

func negroniRecovery(next http.Handler) http.Handler {
	recovery := negroni.NewRecovery()
	recovery.Logger, recovery.PrintStack = quiet, false
	return negroni.New(recovery, negroni.Wrap(next))
}

const prometheusModule = "github.com/prometheus/client_golang"

func countRequests(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests"}, []string{"code", "method"}), next)
}

func measureRequests(next http.Handler) http.Handler {
	histogram := func(name string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name}, []string{"code"})
	}
	next = promhttp.InstrumentHandlerResponseSize(histogram("response_bytes"), next)
	next = promhttp.InstrumentHandlerRequestSize(histogram("request_bytes"), next)
	next = promhttp.InstrumentHandlerDuration(histogram("seconds"), next)
	next = promhttp.InstrumentHandlerInFlight(prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"}), next)
	return countRequests(next)
}

const zerologModule = "github.com/rs/zerolog"

func hlogNew(next http.Handler) http.Handler { return hlog.NewHandler(zerolog.New(io.Discard))(next) }

func hlogAccess(next http.Handler) http.Handler {
	return hlog.AccessHandler(func(*http.Request, int, int, time.Duration) {})(next)
}

func hlogRequestID(next http.Handler) http.Handler {
	return hlog.RequestIDHandler("request_id", "Request-Id")(next)
}

func protect(next http.Handler) http.Handler { return nosurf.NewPure(next) }

func sessions() weir.Filter { return scs.New().LoadAndSave }

var limiterPeers = []peer{
	{"httprate.LimitBy", "github.com/go-chi/httprate", answers, func() weir.Filter { return limitHttprate(nil, plenty, 0, false) }},
	{"tollbooth.LimitHandler", "github.com/didip/tollbooth/v7", answers, func() weir.Filter {
		return limitTollbooth(nil, plenty, 0, false)
	}},
	{"limiter stdlib.Middleware", "github.com/ulule/limiter/v3", answers, func() weir.Filter {
		return limitUlule(nil, plenty, 0, false)
	}},
	{"httplimit.Middleware", "github.com/sethvargo/go-limiter", answers, func() weir.Filter {
		store := must(memorystore.New(&memorystore.Config{Tokens: plenty, Interval: time.Hour}))
		return must(httplimit.NewMiddleware(store, httplimit.IPKeyFunc())).Handle
	}},
}

const echoModule = "github.com/labstack/echo/v4"

// inEcho is a filter made of echo with a middleware and a route for everything, by echo's own adapter of handlers.
func inEcho(use ...echo.MiddlewareFunc) func() weir.Filter {
	return always(func(next http.Handler) http.Handler {
		e := echo.New()
		e.Logger.SetOutput(io.Discard)
		e.Use(use...)
		e.Any("/*", echo.WrapHandler(next))
		return e
	})
}

var echoPeers = []peer{
	{"echo", echoModule, routes, inEcho()},
	{"echo middleware.Gzip", echoModule, encodes, inEcho(echomiddleware.Gzip())},
	{"echo middleware.Recover", echoModule, recovers, inEcho(echomiddleware.Recover())},
	{"echo middleware.RequestLogger", echoModule, watches, inEcho(echomiddleware.RequestLoggerWithConfig(
		echomiddleware.RequestLoggerConfig{
			LogStatus: true, LogResponseSize: true,
			LogValuesFunc: func(echo.Context, echomiddleware.RequestLoggerValues) error { return nil },
		}))},
	{"echo middleware.RequestID", echoModule, watches, inEcho(echomiddleware.RequestID())},
	{"echo middleware.BodyLimit", echoModule, watches, inEcho(echomiddleware.BodyLimit("64M"))},
	{"echo middleware.Secure", echoModule, watches, inEcho(echomiddleware.Secure())},
}

const ginModule = "github.com/gin-gonic/gin"

// inGin is a filter made of gin with a middleware and a route for everything, by gin's own adapter of handlers.
func inGin(use ...gin.HandlerFunc) func() weir.Filter {
	return always(func(next http.Handler) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		g := gin.New()
		g.Use(use...)
		g.Any("/*path", gin.WrapH(next))
		return g
	})
}

var ginPeers = []peer{
	{"gin", ginModule, routes, inGin()},
	{"gin Logger", ginModule, watches, inGin(gin.LoggerWithWriter(io.Discard))},
	{"gin Recovery", ginModule, recovers, inGin(gin.RecoveryWithWriter(io.Discard))},
	{"gin-contrib gzip.Gzip", "github.com/gin-contrib/gzip", encodes, inGin(gingzip.Gzip(gzipLevel))},
}
