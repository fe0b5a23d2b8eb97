package explain

import (
	"fmt"
	"io"
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
		if host := e.Steps[0].In.Host; host != e.host {
			s.put("  ", s.Colors.Dim, "Host: "+host)
		}
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

// status paints a status by its class.
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
		s.put(indent, s.Colors.Odd, strings.Repeat(" ", utf8.RuneCountInString(name))+"→ "+c.to)
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
		s.lines(s.logged(text))
	}
	got := e.Answer
	if got == nil {
		return
	}
	if len(e.Steps) > 0 && e.Steps[0].Out != nil && !got.Hijacked {
		s.server(e.Steps[0], got)
	}
	s.b.WriteByte('\n')
	for _, i := range got.Informational {
		s.put("", s.Colors.Good, "before: "+statusOf(i.Status))
		s.lines(changesOf(s.headers("", nil, i.Header)))
	}
	s.result(got)
}

// server writes what the server made of the response that the outermost step gave it.
func (s *shower) server(outermost *step, got *received) {
	given := *outermost.Out
	given.Header = maps.Clone(given.Header)
	maps.DeleteFunc(given.Header, func(name string, _ []string) bool { // net/http keeps trailers apart
		return name == "Trailer" || strings.HasPrefix(name, http.TrailerPrefix)
	})
	if outermost.In.Method == http.MethodHead {
		given.Bytes, given.Hash = 0, "" // the app may write a body, and nobody gets it
	}
	if got.Error != "" {
		given.Bytes, given.Hash = got.Bytes, got.Hash // not all of it came
	}
	if lines := changesOf(s.answers(&given, &got.reply)); len(lines) > 0 {
		fmt.Fprintf(&s.b, "%s %s %s\n", s.Colors.Dim("←"), strings.Repeat(" ", s.digits), s.Colors.Name("the server"))
		s.lines(lines)
	}
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
	body, cut := got.body, got.Bytes > int64(len(got.body))
	for i := 1; cut && i < utf8.UTFMax && !utf8.Valid(body); i++ {
		body = body[:len(body)-1] // of a character in the middle of which it ends
	}
	if !utf8.Valid(body) {
		s.put("", s.Colors.Dim, "(the body is no text)")
		return
	}
	for text := range strings.Lines(string(body)) {
		s.put("", nil, strings.TrimRight(strings.ReplaceAll(text, "\t", "    "), "\r\n"))
	}
	if cut {
		s.put("", s.Colors.Dim, "…")
	}
}
