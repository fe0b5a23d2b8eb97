package deploy

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir/filter"
)

// words is how a type is written as text.
type words struct {
	what    string // "a duration"
	example string
	pattern string // which all that parse takes matches, and little else; empty: none says it
	parse   func(string) (any, error)
}

// wordsOf returns how t is written as text, and whether it is.
func wordsOf(t reflect.Type) (words, bool) {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return words{"a duration", "10s", `^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`, func(s string) (any, error) { return time.ParseDuration(s) }}, true
	case reflect.TypeFor[netip.Prefix]():
		return words{"a range of addresses", "10.0.0.0/8", `^[0-9A-Fa-f:.]+(%[^/]+)?(/[0-9]+)?$`, parsePrefix}, true
	case reflect.TypeFor[netip.Addr]():
		return words{"an address", "192.0.2.1", `^[0-9A-Fa-f:.]+(%.+)?$`, func(s string) (any, error) { return netip.ParseAddr(s) }}, true
	case reflect.TypeFor[*url.URL]():
		return words{"a URL", "http://localhost:3000", `^[A-Za-z][A-Za-z0-9+.-]*://.`, parseURL}, true
	case reflect.TypeFor[rate.Limit]():
		return words{"a rate", "100/s", `^(unlimited|[^/]*[0-9][^/]*/\s*(s|min|h)\s*)$`, parseRate}, true
	case reflect.TypeFor[*rate.Limiter]():
		return words{"a rate", "100/s", `^(unlimited|[^/]*[0-9][^/]*/\s*(s|min|h)\s*)$`, parseRate}, true
	case reflect.TypeFor[*regexp.Regexp]():
		return words{"a regular expression", "^/static/", "", func(s string) (any, error) { return regexp.Compile(s) }}, true
	case reflect.TypeFor[slog.Level]():
		return words{"a level", "info", `^([Dd][Ee][Bb][Uu][Gg]|[Ii][Nn][Ff][Oo]|[Ww][Aa][Rr][Nn]|[Ee][Rr][Rr][Oo][Rr])([-+][0-9]+)?$`, parseLevel}, true
	case reflect.TypeFor[http.SameSite]():
		return words{"a word of SameSite", "lax", `^([Dd][Ee][Ff][Aa][Uu][Ll][Tt]|[Ll][Aa][Xx]|[Ss][Tt][Rr][Ii][Cc][Tt]|[Nn][Oo][Nn][Ee])$`, parseSameSite}, true
	case reflect.TypeFor[filter.AccessLogSchema]():
		return words{"a schema of access logs", "combined", `^(ecs|otel|common|combined)$`, parseAccessLogSchema}, true
	case reflect.TypeFor[size]():
		return words{"a size", "10MiB", `^[0-9]+ *(B|kB|MB|GB|KiB|MiB|GiB)$`, parseSize}, true
	}
	return words{}, false
}

// size stands for a whole number of bytes.
type size int64

// parseSize reads bytes with a unit: B, or one of powers of 1024 (KiB) or 1000 (kB).
func parseSize(s string) (any, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil {
		return nil, errors.New("it does not begin with a number")
	}
	var unit int64
	switch strings.TrimLeft(s[digits:], " ") {
	case "B":
		unit = 1
	case "kB":
		unit = 1e3
	case "MB":
		unit = 1e6
	case "GB":
		unit = 1e9
	case "KiB":
		unit = 1 << 10
	case "MiB":
		unit = 1 << 20
	case "GiB":
		unit = 1 << 30
	default:
		return nil, errors.New("its unit is not one of B, kB, KiB, MB, MiB, GB and GiB")
	}
	if n > math.MaxInt64/unit {
		return nil, errors.New("it is too large")
	}
	return size(n * unit), nil
}

// parseRate reads events in a second, a minute or an hour.
func parseRate(s string) (any, error) {
	if s == "unlimited" {
		return rate.Inf, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsInf(n, 0) || !(n > 0) {
		return nil, errors.New("it does not begin with a number above 0")
	}
	switch strings.TrimSpace(unit) {
	case "s":
		return rate.Limit(n), nil
	case "min":
		return rate.Limit(n / 60), nil
	case "h":
		return rate.Limit(n / 3600), nil
	}
	return nil, errors.New("it does not end with one of /s, /min and /h")
}

func parsePrefix(s string) (any, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p != p.Masked() {
		return nil, errors.New("bits are set after the prefix: it is " + p.Masked().String())
	}
	return p, err
}

func parseURL(s string) (any, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the URL, which may have a password
		}
		return nil, err
	case u.Scheme == "" || u.Opaque != "" || u.Host == "":
		return nil, errors.New("it does not begin with a scheme and a host")
	}
	return u, nil
}

// parseSameSite reads what the attribute SameSite of a cookie may be; default is none.
func parseSameSite(s string) (any, error) {
	switch strings.ToLower(s) {
	case "default":
		return http.SameSiteDefaultMode, nil
	case "lax":
		return http.SameSiteLaxMode, nil
	case "strict":
		return http.SameSiteStrictMode, nil
	case "none":
		return http.SameSiteNoneMode, nil
	}
	return nil, errors.New("it is not one of default, lax, strict and none")
}

func parseLevel(s string) (any, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(s))
	return level, err
}

// parseAccessLogSchema reads the name of a schema.
func parseAccessLogSchema(s string) (any, error) {
	switch schema := filter.AccessLogSchema(s); schema {
	case "ecs", "otel", "common", "combined":
		return schema, nil
	}
	return nil, errors.New("it is not one of ecs, otel, common and combined")
}
