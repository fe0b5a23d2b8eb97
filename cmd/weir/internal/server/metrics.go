package server

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/weirhttp/weir/capture"
)

// metrics counts what is served, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec // by code and method
	duration prometheus.Histogram
	reloads  *prometheus.CounterVec // by result
	reloaded prometheus.Gauge
	inFlight atomic.Int64
	visits   sync.Pool // of *visit
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests that were served, by the class of their status code and by method. A connection that an " +
				"application took over is 1xx, a response that was cut before its head is none.",
		}, []string{"code", "method"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "How long requests took, from their head to the end of the response.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_reloads_total",
			Help: "How often the file of the site was read again, by result: success, or failure, when the old site was kept.",
		}, []string{"result"}),
		reloaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "weir_last_reload_success_timestamp_seconds",
			Help: "When the site that is served was made of its file, in seconds since 1970.",
		}),
	}
	for _, result := range []string{"success", "failure"} {
		m.reloads.WithLabelValues(result) // it begins at 0
	}
	m.reloaded.SetToCurrentTime()
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(), m.requests, m.duration, m.reloads, m.reloaded,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Requests that are being served.",
		}, func() float64 { return float64(m.inFlight.Load()) }))
	m.visits.New = func() any {
		v := &visit{metrics: m}
		v.report = v.done
		return v
	}
	return m
}

// measure is the filter that counts. It stands outside of the whole site and shares its one writer.
func (m *metrics) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.inFlight.Add(1)
		v := m.visits.Get().(*visit)
		v.start = time.Now()
		capture.Observe(w, r, next, v.report)
	})
}

// visit is what there is to remember of a request while it is served. It is pooled with its method bound, so that a
// request costs no closure.
type visit struct {
	metrics *metrics
	start   time.Time
	report  func(*http.Request, capture.Sent) // done
}

func (v *visit) done(r *http.Request, sent capture.Sent) {
	m, duration := v.metrics, time.Since(v.start)
	m.visits.Put(v)
	m.inFlight.Add(-1)
	m.duration.Observe(duration.Seconds())
	m.requests.WithLabelValues(classOf(sent), methodOf(r.Method)).Inc()
}

// classOf is the class of the status code.
func classOf(sent capture.Sent) string {
	switch {
	case sent.Hijacked:
		return "1xx" // 101, as a rule; who takes over the connection writes it there
	case sent.Status == 0:
		return "none"
	}
	return strconv.Itoa(sent.Status/100) + "xx"
}

// methodOf bounds the methods, which a client can make up, to those that everybody knows.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "other"
}

// reload counts that the file was read again.
func (m *metrics) reload(err error) {
	if err != nil {
		m.reloads.WithLabelValues("failure").Inc()
		return
	}
	m.reloads.WithLabelValues("success").Inc()
	m.reloaded.SetToCurrentTime()
}
