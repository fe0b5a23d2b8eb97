package filter_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"golang.org/x/time/rate"
)

func TestRateLimit_dryRun(t *testing.T) {
	quiet := func(*http.Request, time.Duration) {}
	filtertest.Run(t, filter.RateLimit(1e-9, 1, filter.RateLimitOptions{DryRun: true, Refused: quiet}))

	synctest.Test(t, func(t *testing.T) {
		var told []time.Duration
		o := filter.RateLimitOptions{Refused: func(_ *http.Request, after time.Duration) { told = append(told, after) }}
		strict := filter.RateLimit(0.1, 1, o)(nothing)
		o.DryRun = true
		dry := filter.RateLimit(0.1, 1, o)(nothing)
		for _, after := range []time.Duration{0, 0, 5 * time.Second, 5 * time.Second, 0} {
			time.Sleep(after)
			a, b := ask(strict, "192.0.2.1:1"), ask(dry, "192.0.2.1:1")
			if b.StatusCode != 200 || b.Header.Get("Retry-After") != "" {
				t.Errorf("the dry run answers %d, Retry-After %q", b.StatusCode, b.Header.Get("Retry-After"))
			}
			if x, y := a.Header.Get("RateLimit"), b.Header.Get("RateLimit"); x != y || x == "" {
				t.Errorf("RateLimit is %q, and %q in a dry run", x, y)
			}
		}
		if got := fmt.Sprint(told); got != "[10s 10s 5s 5s 10s 10s]" {
			t.Error("Refused was told of", got)
		}
	})
}

func TestRateLimit_dryRunOfWhatHasNoEnd(t *testing.T) {
	var told []time.Duration
	h := filter.RateLimit(rate.Inf, 0, filter.RateLimitOptions{DryRun: true, Total: rate.NewLimiter(0, 0),
		Refused: func(_ *http.Request, after time.Duration) { told = append(told, after) }})(nothing)
	if res := ask(h, "192.0.2.1:1"); res.StatusCode != 200 || len(told) != 1 || told[0] != rate.InfDuration {
		t.Errorf("got %d, and Refused was told of %v", res.StatusCode, told)
	}
}

// TestRateLimit_dryRunIsLogged where nobody asks to be told.
func TestRateLimit_dryRunIsLogged(t *testing.T) {
	var b bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	h := filter.RateLimit(0.1, 1, filter.RateLimitOptions{DryRun: true, Name: "web"})(nothing)
	strict := filter.RateLimit(0.1, 1, filter.RateLimitOptions{})(nothing)
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "time" || a.Key == "retryAfter" {
				return slog.Attr{}
			}
			return a
		},
	})))
	for range 2 {
		askAt(strict, "/")
		askAt(h, "/a%0Ab?secret")
	}
	want := "level=WARN msg=\"rate limit: the request would be refused\" limit=web method=GET path=/a%0Ab client=192.0.2.1\n"
	if b.String() != want {
		t.Errorf("\n got %s\nwant %s", b.String(), want)
	}
}

func ExampleRateLimit_dryRun() {
	limit := filter.RateLimit(rate.Every(time.Minute), 1, filter.RateLimitOptions{
		DryRun: true,
		Refused: func(r *http.Request, retryAfter time.Duration) {
			fmt.Println("would refuse", r.URL.Path, "for", retryAfter.Round(time.Minute))
		},
	})
	h := limit(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println("served", r.URL.Path) }))
	for _, path := range []string{"/a", "/b"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	// Output:
	// served /a
	// would refuse /b for 1m0s
	// served /b
}
