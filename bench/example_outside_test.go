package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/cors"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// What others do well stands in a stack as it is. This is the README's example of what we
// do not do, and what becomes of some requests.
func Example_outside() {
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	registry := prometheus.NewRegistry()
	prometheus.DefaultRegisterer, prometheus.DefaultGatherer = registry, registry

	h := site()
	ask := func(method, origin string, fields ...string) http.Header {
		r := httptest.NewRequest(method, "/shop/orders/7", nil)
		r.Header.Set("Origin", origin)
		for i := 0; i < len(fields); i += 2 {
			r.Header.Set(fields[i], fields[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(method, "of", origin, "is answered with", w.Code)
		return w.Header()
	}
	ask("POST", "http://example.com")
	ask("POST", "https://evil.example")
	preflight := ask("OPTIONS", "https://friend.example", "Access-Control-Request-Method", "POST")
	fmt.Println("allowed:", preflight.Get("Access-Control-Allow-Origin"), preflight.Get("Access-Control-Allow-Methods"))
	ask("POST", "https://friend.example")

	for _, span := range spans.Ended() {
		fmt.Println("span:", span.Name())
	}
	metrics := httptest.NewRecorder()
	promhttp.Handler().ServeHTTP(metrics, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(metrics.Body.String()) {
		if strings.HasPrefix(line, "answers_total") {
			fmt.Print(line)
		}
	}
	// Output:
	// POST of http://example.com is answered with 200
	// POST of https://evil.example is answered with 403
	// OPTIONS of https://friend.example is answered with 204
	// allowed: https://friend.example POST
	// POST of https://friend.example is answered with 200
	// span: POST /shop/orders/{id}
	// span: POST
	// span: OPTIONS
	// span: POST /shop/orders/{id}
	// answers_total{code="200",method="post"} 2
	// answers_total{code="204",method="options"} 1
	// answers_total{code="403",method="post"} 1
}

// site is shown in the README, as it is here: it has to stay at the end.
func site() http.Handler {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "answers_total"}, []string{"code", "method"})
	prometheus.MustRegister(answers) // for promhttp.Handler, on a port of your own
	count := func(next http.Handler) http.Handler { return promhttp.InstrumentHandlerCounter(answers, next) }

	friend := "https://friend.example"
	forgery := http.NewCrossOriginProtection()
	if err := forgery.AddTrustedOrigin(friend); err != nil {
		panic(err)
	}
	shop := http.NewServeMux()
	shop.HandleFunc("POST /orders/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "order", r.PathValue("id")) })

	return weir.Stack(
		otelhttp.NewMiddleware("site"), // spans are named "POST /shop/orders/{id}"
		count,
		filter.RequestID(filter.RequestIDOptions{}),
		filter.Recover(filter.RecoverOptions{}),
		cors.New(cors.Options{AllowedOrigins: []string{friend}}).Handler, // answers preflights
		forgery.Handler, // refuses what forms and scripts of others send
	).Then(mount.At("/shop", shop))
}
