package filter

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// An AccessLogSchema is how an [AccessLog] tells what it knows of a request. The
// empty one is that of its comment: method, path and so on. The others are
//
//   - "ecs", the names of the Elastic Common Schema 8: http.request.method,
//     url.path, http.response.status_code, event.duration (in nanoseconds),
//     client.address, client.ip, user.name, http.request.id and so on;
//   - "otel", those of OpenTelemetry's semantic conventions 1.x for servers:
//     http.request.method, http.route, http.response.body.size, server.port,
//     http.server.request.duration (in seconds), error.type and so on;
//   - "common" and "combined", the lines of text that Apache and nginx write and
//     programs read that count visits; combined has the last two fields:
//     192.0.2.7 - ann [02/Jan/2006:15:04:05 -0700] "GET /a?b HTTP/1.1" 200 5 "referer" "user agent"
//
// All of these tell the query of the URL, and ecs and combined the Referer, too:
// both may hold secrets.
//
// In a record, what the schema has no name for is called as without one, and so
// are notes and what Attrs says. What is not known, and a status of 0, is left
// out. Time, level and message are the business of the Logger's handler.
//
// A line has no place for notes, but for the user and the client. What is not
// known, or no bytes, is "-" there. Double quotes, backslashes, control characters
// and what is not ASCII are written as \x22, and so are blanks outside of the
// Referer and the User-Agent: whatever a client sends, a line is one line, with as
// many fields. A field that takes more than 8 KiB is cut and ends in "...". The
// time is when the request came. The status is 101 for a connection that the
// handler took over, and 444, as in nginx, where the client got no head.
type AccessLogSchema string

// isText says whether the schema is one of lines.
func (s AccessLogSchema) isText() bool { return s == "common" || s == "combined" }

// check panics if the options do not go together.
func (o AccessLogOptions) check() {
	text := o.Schema.isText()
	switch o.Schema {
	case "", "ecs", "otel", "common", "combined":
	default:
		panic(fmt.Sprintf(`filter.AccessLog: Schema is %q, not one of "ecs", "otel", "common" and "combined"`, string(o.Schema)))
	}
	switch {
	case text && o.Output == nil:
		panic("filter.AccessLog: Output is missing, which gets the lines of " + string(o.Schema))
	case !text && o.Output != nil:
		panic("filter.AccessLog: Output is for the lines of common and combined: records go to the logger")
	case text && o.Logger != nil:
		panic("filter.AccessLog: Logger gets no lines, such as those of " + string(o.Schema))
	case text && o.Level != nil:
		panic("filter.AccessLog: Level is for records: the lines of " + string(o.Schema) + " have none")
	case text && o.Attrs != nil:
		panic("filter.AccessLog: Attrs are for records: the lines of " + string(o.Schema) + " have none")
	}
}

// plain appends the attributes as the comment of AccessLog has them.
func (e *entry) plain(attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs,
		slog.String("method", e.r.Method),
		slog.String("path", requestPath(e.r)),
		slog.Int("status", e.sent.Status),
		slog.Int64("bytes", e.sent.Bytes),
		slog.Duration("duration", e.duration()),
		slog.String("client", e.client),
		slog.String("protocol", e.r.Proto))
	return appendKnown(attrs, "pattern", e.r.Pattern, "user", e.user, "id", e.id)
}

// ecs appends the attributes of the Elastic Common Schema
// (https://www.elastic.co/docs/reference/ecs).
func (e *entry) ecs(attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs,
		slog.String("ecs.version", "8.11.0"),
		slog.String("http.request.method", e.r.Method),
		slog.String("url.path", requestPath(e.r)))
	attrs = e.appendStatus(attrs)
	attrs = append(attrs,
		slog.Int64("http.response.body.bytes", e.bodySize()),
		slog.Int64("event.duration", e.duration().Nanoseconds()))
	if addr, err := netip.ParseAddr(e.client); err == nil && addr.Zone() == "" { // an index of addresses takes nothing else
		attrs = append(attrs, slog.String("client.ip", addr.String()))
	}
	return appendKnown(attrs,
		"client.address", e.client,
		"url.query", requestQuery(e.r),
		"url.scheme", rewrite.SchemeOf(e.r),
		"url.domain", namedDomain(e.r),
		"http.version", strings.TrimPrefix(e.r.Proto, "HTTP/"),
		"http.request.referrer", e.r.Referer(),
		"user_agent.original", e.r.UserAgent(),
		"user.name", e.user,
		"http.request.id", e.id,
		"pattern", e.r.Pattern)
}

// otel appends the attributes of the semantic conventions of OpenTelemetry for the
// spans of an HTTP server (https://opentelemetry.io/docs/specs/semconv/http/).
func (e *entry) otel(attrs []slog.Attr) []slog.Attr {
	method := e.r.Method
	if !isKnownMethod(method) {
		attrs = append(attrs, slog.String("http.request.method_original", method))
		method = "_OTHER"
	}
	attrs = append(attrs,
		slog.String("http.request.method", method),
		slog.String("url.path", requestPath(e.r)))
	attrs = e.appendStatus(attrs)
	attrs = append(attrs,
		slog.Int64("http.response.body.size", e.bodySize()),
		slog.Float64("http.server.request.duration", e.duration().Seconds()))
	if domain := namedDomain(e.r); domain != "" {
		port, _ := strconv.Atoi(rewrite.Port(e.r))
		attrs = append(attrs, slog.String("server.address", strings.Trim(domain, "[]")), slog.Int("server.port", port))
	}
	if e.sent.Status >= 500 {
		attrs = append(attrs, slog.String("error.type", strconv.Itoa(e.sent.Status)))
	}
	return appendKnown(attrs,
		"client.address", e.client,
		"url.query", requestQuery(e.r),
		"url.scheme", rewrite.SchemeOf(e.r),
		"network.protocol.version", protocolVersion(e.r),
		"user_agent.original", e.r.UserAgent(),
		"http.route", pathOf(e.r.Pattern),
		"user.name", e.user,
		"id", e.id)
}

// namedDomain is the host that the client named, without its port; empty: it named none.
func namedDomain(r *http.Request) string {
	host, _ := rewrite.NamedHost(r)
	domain, _, _ := rewrite.SplitHost(host)
	return domain
}

// appendKnown appends attributes, each a name and a value, but for those without a value.
func appendKnown(attrs []slog.Attr, pairs ...string) []slog.Attr {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attrs = append(attrs, slog.String(pairs[i], pairs[i+1]))
		}
	}
	return attrs
}

// appendStatus appends the status, if there is one. Both schemas call it the same.
func (e *entry) appendStatus(attrs []slog.Attr) []slog.Attr {
	if e.sent.Status == 0 {
		return attrs
	}
	return append(attrs, slog.Int("http.response.status_code", e.sent.Status))
}

// bodySize is the size of the body that was sent: the server drops one over HEAD.
func (e *entry) bodySize() int64 {
	if e.r.Method == http.MethodHead {
		return 0
	}
	return e.sent.Bytes
}

// isKnownMethod says whether a method is one of RFC 9110 or PATCH (RFC 5789). All others
// are one to the conventions of OpenTelemetry, as a client can make up any number.
func isKnownMethod(method string) bool {
	switch method {
	case "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE":
		return true
	}
	return false
}

// protocolVersion is 1.1, or 2, which has no minor version.
func protocolVersion(r *http.Request) string {
	version := strings.TrimPrefix(r.Proto, "HTTP/")
	if r.ProtoMajor >= 2 {
		version = strings.TrimSuffix(version, ".0")
	}
	return version
}

// pathOf is the path in a pattern of http.ServeMux, without its method and host.
func pathOf(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return ""
}

// requestQuery is the query that the client asked with.
func requestQuery(r *http.Request) string {
	_, query, _ := strings.Cut(requestTarget(r), "?")
	return query
}
