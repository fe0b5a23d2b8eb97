package filter

import (
	"net/http"
	"strconv"
)

// appendLine appends the entry as a line of the common or the combined log format
// (https://httpd.apache.org/docs/2.4/logs.html#accesslog).
func (e *entry) appendLine(b []byte, schema AccessLogSchema) []byte {
	b = appendEscaped(b, e.client, false)
	b = append(b, " - "...) // nobody asks for the identity of RFC 1413
	b = appendEscaped(b, e.user, false)
	b = append(b, " ["...)
	b = e.start.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, e.r.Method, false)
	b = append(b, ' ')
	b = appendEscaped(b, requestTarget(e.r), false)
	b = append(b, ' ')
	b = appendEscaped(b, e.r.Proto, false)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(e.lineStatus()), 10)
	b = append(b, ' ')
	if n := e.bodySize(); n > 0 {
		b = strconv.AppendInt(b, n, 10)
	} else {
		b = append(b, '-')
	}
	if schema == "combined" {
		b = append(b, ` "`...)
		b = appendEscaped(b, e.r.Referer(), true)
		b = append(b, `" "`...)
		b = appendEscaped(b, e.r.UserAgent(), true)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// lineStatus is the status in a line, where readers want one.
func (e *entry) lineStatus() int {
	switch {
	case e.sent.Status != 0:
		return e.sent.Status
	case e.sent.Hijacked:
		return http.StatusSwitchingProtocols
	}
	return 444 // nginx: the connection was closed before anything was sent
}

// maxLineField is how many bytes a field takes of a line, after which it is cut.
const maxLineField = 8 << 10

// appendEscaped appends what a client may have chosen so that it is one field. Blanks in
// it end no field, or are escaped, too.
func appendEscaped(b []byte, s string, blanks bool) []byte {
	const hex = "0123456789abcdef"
	if s == "" {
		return append(b, '-')
	}
	end := len(b) + maxLineField
	for i := range len(s) {
		c := s[i]
		as := 1
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == ' ' && !blanks || s == "-" {
			as = len(`\xhh`)
		}
		switch {
		case len(b)+as > end:
			return append(b, "..."...)
		case as == 1:
			b = append(b, c)
		default:
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		}
	}
	return b
}
