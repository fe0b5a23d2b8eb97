package explain

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Style is how an explanation is to be written.
type Style struct {
	// Colors paint a text on a terminal; all of them have to be there.
	Colors Colors

	// Width is how many characters a line may have; it has to have room for a name.
	Width int

	// Intro is what is said of the request besides its method and URL.
	Intro string

	// Secrets has the values of credentials and cookies written, Times how long each step took, and Body the beginning
	// of the body.
	Secrets, Times, Body bool
}

// Colors paint a text: what is wrong, what may be, what is right, what somebody gave a name, and what is said beside.
type Colors struct {
	Bad, Odd, Good, Name, Dim func(string) string
}

// shower writes what became of a request.
type shower struct {
	Style
	comparer
	b      strings.Builder
	digits int // of the number of a step
}

// WriteText writes what became of the request, for people to read.
func (e *Explanation) WriteText(w io.Writer, style Style) error {
	s := &shower{Style: style, comparer: comparer{style.Secrets}}
	s.digits = len(strconv.Itoa(len(e.Steps)))
	s.head(e)
	for _, one := range e.Steps {
		if one.Parent == 0 {
			s.step(one)
		}
	}
	s.end(e)
	if style.Body && e.Answer != nil {
		s.text(e.Answer)
	}
	_, err := io.WriteString(w, s.b.String())
	return err
}

// head writes who asks for what.
func (s *shower) head(e *Explanation) {
	fmt.Fprintf(&s.b, "%s %s%s\n", s.Colors.Name(printable(e.Method)), s.Colors.Name(printable(e.URL)), printable(s.Intro))
	if len(e.Steps) > 0 {
		for _, c := range s.headers("", nil, e.Steps[0].In.Header) {
			s.put("  ", s.Colors.Dim, c.name+" "+c.to)
		}
	}
	s.b.WriteByte('\n')
}

// step writes what a filter or an app did with the request, then what those did that it asked, and then what it did
// with the response.
func (s *shower) step(one *step) {
	in, out := s.inward(one), s.outward(one)
	s.title(one, len(in)+len(out) == 0 && !one.Unended)
	s.lines(in)
	for i, inner := range one.inner {
		s.step(inner)
		if i < len(one.inner)-1 {
			s.back(one, []line{{text: strconv.Itoa(statusIn(inner)) + ": the next one is asked"}})
		}
	}
	if len(one.inner) == 0 {
		s.lines(out)
	} else {
		s.back(one, out)
	}
}

func statusIn(one *step) int {
	if one.Out == nil {
		return 0
	}
	return one.Out.Status
}

// title writes the line that a step begins with.
func (s *shower) title(one *step, nothing bool) {
	beside := ""
	if one.Part != "" && !strings.HasSuffix(one.Section, " "+one.Part) {
		beside = " (" + one.Part + ")"
	}
	if nothing {
		beside += ", changes nothing"
	}
	if s.Times {
		beside += fmt.Sprintf(", %.1f ms", one.MS)
	}
	section, place := printable(one.Section), printable(one.Place)
	gap := s.Width - utf8.RuneCountInString(s.indent()+section+beside+place)
	fmt.Fprintf(&s.b, "%s %*d %s%s%s%s\n", s.Colors.Dim("→"), s.digits, one.Number, s.Colors.Name(section),
		s.Colors.Dim(beside), strings.Repeat(" ", max(gap, 2)), s.Colors.Dim(place))
}

// indent is what is before the lines of a step, as far in as its name.
func (s *shower) indent() string { return strings.Repeat(" ", s.digits+3) }

// back writes what a step did with the response, if it did anything.
func (s *shower) back(one *step, lines []line) {
	if len(lines) > 0 {
		fmt.Fprintf(&s.b, "%s %*d %s\n", s.Colors.Dim("←"), s.digits, one.Number, s.Colors.Name(printable(one.Section)))
		s.lines(lines)
	}
}

// line is one thing to be said of a step: a text, or a change.
type line struct {
	text  string
	paint func(string) string
	change
}

// inward says what a step made of the request.
func (s *shower) inward(one *step) []line {
	var lines []line
	if note := s.note(one); note != "" {
		lines = append(lines, line{text: note})
	}
	if len(one.inner) == 0 {
		return lines
	}
	inner := one.inner[len(one.inner)-1]
	changes := append(s.requests(one.In, inner.In), s.headers("response ", one.before, inner.before)...)
	if len(changes) == 0 && !sameContext(one.ctx, inner.ctx) {
		changes = append(changes, change{'+', contextOf(one), "", ""})
	}
	return append(lines, changesOf(changes)...)
}

func contextOf(one *step) string {
	if one.Part == "environ" {
		return "variables for the program"
	}
	return "something in its context"
}

func changesOf(changes []change) []line {
	var lines []line
	for _, c := range changes {
		lines = append(lines, line{change: c})
	}
	return lines
}

// note says how a part of several decided.
func (s *shower) note(one *step) string {
	switch {
	case one.Part == "when" && len(one.inner) > 0:
		for _, ref := range one.node.Refs {
			if ref.Node == one.inner[0].node {
				return "the request matches"
			}
		}
		return "the request does not match"
	case one.Part == "mounts" && len(one.inner) > 0:
		return "the place is " + mountedAt(one)
	case one.Part == "cascade" && len(one.inner) > 0:
		return fmt.Sprintf("asks %d apps in their order, until one has it", len(one.node.Refs))
	}
	return ""
}

// outward says what a step made of the response.
func (s *shower) outward(one *step) []line {
	var lines []line
	var inner *step
	if len(one.inner) > 0 {
		inner = one.inner[len(one.inner)-1]
	}
	switch {
	case one.Out == nil:
	case inner == nil || inner.Out == nil:
		lines = s.answered(one, inner)
	default:
		lines = changesOf(s.answers(inner.Out, one.Out))
	}
	switch {
	case one.Unended && (inner == nil || !inner.Unended):
		lines = append(lines, line{text: "still at work when the time was up", paint: s.Colors.Bad})
	case one.Panic != "" && (inner == nil || inner.Panic == ""):
		lines = append(lines, line{text: panicked(one), paint: s.Colors.Bad})
	}
	for _, text := range one.Log {
		lines = append(lines, line{text: logged(text), paint: s.Colors.Dim})
	}
	return lines
}

// logged returns a line of a log without the names of what all lines have.
func logged(text string) string {
	text = strings.TrimPrefix(text, slog.LevelKey+"=")
	return "logged " + strings.Replace(text, " "+slog.MessageKey+"=", " ", 1)
}

// panicked says how a step ended that did not return.
func panicked(one *step) string {
	switch {
	case one.Panic != http.ErrAbortHandler.Error():
		return "panicked: " + one.Panic
	case one.Out != nil && one.Out.Header.Get("Content-Length") != "":
		return "the body falls short of its Content-Length, and is cut"
	}
	return "cut the response"
}

// answered says what the answer is of a step that has it from nobody.
func (s *shower) answered(one, inner *step) []line {
	if one.Out.Hijacked {
		return []line{{text: "took over the connection"}}
	}
	text := statusOf(one.Out.Status)
	if isFilter(one) {
		text = "answered " + text + " itself; what is inside was not asked"
		if inner != nil {
			text = "answered " + statusOf(one.Out.Status) + " in its place"
		}
	}
	lines := []line{{text: text, paint: s.status(one.Out.Status)}}
	if one.Part == "mounts" {
		for _, text := range nowhere(one) {
			lines = append(lines, line{text: text})
		}
	}
	before := one.before
	if inner != nil {
		before = inner.before
	}
	lines = append(lines, changesOf(s.headers("", before, one.Out.Header))...)
	lines = append(lines, changesOf(s.headers("trailer ", nil, one.Out.Trailer))...)
	if one.Out.Bytes > 0 {
		lines = append(lines, line{change: change{'+', "body of", "", bytesOf(one.Out.Bytes) + flushed(one.Out.Flushed)}})
	}
	return lines
}

func flushed(times int) string {
	if times == 0 {
		return ""
	}
	return ", flushed"
}

func isFilter(one *step) bool { return strings.HasPrefix(one.Section, "filter") }

func (s *shower) status(status int) func(string) string {
	switch {
	case status >= 500:
		return s.Colors.Bad
	case status >= 400:
		return s.Colors.Odd
	}
	return s.Colors.Good
}

// lines writes what is to be said of a step.
func (s *shower) lines(lines []line) {
	for _, l := range lines {
		if l.sign == 0 {
			s.put(s.indent(), l.paint, l.text)
			continue
		}
		s.change(s.indent(), l.change)
	}
}

// change writes a change, of something that has become another in one line if that is wide enough.
func (s *shower) change(indent string, c change) {
	name := c.name
	if name != "" && c.from+c.to != "" {
		name += " "
	}
	both := "~ " + name + c.from + " → " + c.to
	switch {
	case c.sign == '+':
		s.put(indent, s.Colors.Good, "+ "+name+c.to)
	case c.sign == '-':
		s.put(indent, s.Colors.Bad, "- "+name+c.from)
	case utf8.RuneCountInString(indent+both) <= s.Width:
		s.put(indent, s.Colors.Odd, both)
	default:
		s.put(indent, s.Colors.Odd, "~ "+name+c.from)
		s.put(indent, s.Colors.Odd, strings.Repeat(" ", max(0, utf8.RuneCountInString(name)))+"→ "+c.to)
	}
}

// put writes a line, cut to the width.
func (s *shower) put(indent string, paint func(string) string, text string) {
	text = printable(text)
	if room := s.Width - len(indent); utf8.RuneCountInString(text) > room {
		text = string([]rune(text)[:room-1]) + "…"
	}
	if paint != nil {
		text = paint(text)
	}
	s.b.WriteString(indent + text + "\n")
}

// end writes what the server added, and the answer as the client has it.
func (s *shower) end(e *Explanation) {
	for _, text := range e.Log {
		s.put("", s.Colors.Dim, logged(text))
	}
	got := e.Answer
	if got == nil {
		return
	}
	if len(e.Steps) > 0 && e.Steps[0].Out != nil && !got.Hijacked {
		last := e.Steps[0].Out
		server := *last
		server.Header = maps.Clone(last.Header)
		maps.DeleteFunc(server.Header, func(name string, _ []string) bool {
			return name == "Trailer" || strings.HasPrefix(name, http.TrailerPrefix)
		})
		if e.Steps[0].In.Method == http.MethodHead {
			server.Bytes, server.Hash = 0, "" // the handler may write one, and nobody gets it
		}
		if got.Error != "" {
			server.Bytes, server.Hash = got.Bytes, got.Hash // the end of the one need not be that of the other
		}
		if lines := changesOf(s.answers(&server, &got.reply)); len(lines) > 0 {
			fmt.Fprintf(&s.b, "%s %s %s\n", s.Colors.Dim("←"), strings.Repeat(" ", s.digits), s.Colors.Name("the server"))
			s.lines(lines)
		}
	}
	s.b.WriteByte('\n')
	for _, i := range got.Informational {
		s.put("", s.Colors.Good, "before: "+statusOf(i.Status))
		s.lines(changesOf(s.headers("", nil, i.Header)))
	}
	s.result(got)
}

// result writes the last line.
func (s *shower) result(got *received) {
	text := statusOf(got.Status)
	if got.Hijacked {
		text += ", and the connection is the application's"
	} else {
		text += ", " + bytesOf(got.Bytes)
	}
	paint := s.status(got.Status)
	if got.Error != "" {
		text, paint = text+"; "+got.Error, s.Colors.Bad
	}
	s.put("", paint, text)
}

// text writes the beginning of a body, if it is text.
func (s *shower) text(got *received) {
	s.b.WriteByte('\n')
	if !utf8.Valid(got.body[:max(0, len(got.body)-utf8.UTFMax)]) {
		s.put("", s.Colors.Dim, "(the body is no text)")
		return
	}
	for text := range strings.Lines(string(got.body)) {
		s.put("", nil, strings.TrimRight(strings.ReplaceAll(text, "\t", "    "), "\r\n"))
	}
	if got.Bytes > int64(len(got.body)) {
		s.put("", s.Colors.Dim, "…")
	}
}
