package explain

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

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
	switch one.Part {
	case "environ":
		return "variables for the program"
	case "access-log":
		return "a place for notes, which it logs"
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
				return strings.TrimSpace("the request matches " + settings(one, "match"))
			}
		}
		return strings.TrimSpace("the request does not match " + settings(one, "match"))
	case one.Part == "switch" && len(one.inner) > 0:
		return branch(one)
	case one.Part == "mounts" && len(one.inner) > 0:
		return "the place is " + mountedAt(one)
	case one.Part == "stack":
		return fmt.Sprintf("stands for %d filters", len(one.node.Refs))
	case one.Part == "cascade" && len(one.node.Refs) > 1:
		return fmt.Sprintf("asks %d apps in their order, until one has it", len(one.node.Refs))
	}
	return ""
}

// branch says for which requests the branch of a switch is that was taken. A filter that several have may be in any.
func branch(one *step) string {
	var cases []string
	for _, ref := range one.node.Refs {
		switch {
		case ref.Node != one.inner[0].node:
		case ref.Match != "":
			cases = append(cases, ref.Match)
		case ref.Key == "else":
			cases = append(cases, "no case")
		}
	}
	if len(cases) == 0 {
		return "the request matches no case that has filters"
	}
	return "the request matches " + strings.Join(slices.Compact(cases), " or ")
}

// settings returns a key that a section sets, or all of them, as far as they are known.
func settings(one *step, key string) string {
	var list []string
	for _, s := range one.node.Settings {
		switch {
		case s.Value == "" || key != "" && s.Key != key:
		case key != "":
			return s.Value
		default:
			list = append(list, s.Key+" = "+s.Value)
		}
	}
	return strings.Join(list, ", ")
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
		lines = append(lines, s.logged(text)...)
	}
	return lines
}

// stack is what a record of a panic has that the step says better.
var stack = regexp.MustCompile(` stack="(\\.|[^"\\])*"`)

// mostLogged is how many lines a record of a log may take.
const mostLogged = 12

// logged returns the lines of a record of a log, without the names of what all records have.
func (s *shower) logged(record string) []line {
	record = strings.TrimPrefix(stack.ReplaceAllString(record, ""), slog.LevelKey+"=")
	record = "logged " + strings.Replace(record, " "+slog.MessageKey+"=", " ", 1)
	var lines []line
	for part := range strings.SplitSeq(strings.ReplaceAll(record, `\"`, `"`), `\n`) { // a text of several lines is quoted
		for _, text := range wrapped(printable(part), s.Width-len(s.indent())-len("  ")) {
			if len(lines) > 0 {
				text = "  " + text
			}
			lines = append(lines, line{text: text, paint: s.Colors.Dim})
		}
	}
	if len(lines) > mostLogged {
		lines = append(lines[:mostLogged], line{text: "  …", paint: s.Colors.Dim})
	}
	return lines
}

// wrapped returns a text in lines of up to so many characters, which end where there are blanks as far as they can.
func wrapped(text string, width int) []string {
	var lines []string
	rest := []rune(text)
	for len(rest) > width {
		end := width
		for i := width; i > width/2; i-- {
			if rest[i] == ' ' {
				end = i
				break
			}
		}
		lines = append(lines, string(rest[:end]))
		rest = rest[end:]
		if rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	return append(lines, string(rest))
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
	if one.node.Kind == "filter" {
		text = "answered " + text + " itself; what is inside was not asked"
		if inner != nil {
			text = "answered " + statusOf(one.Out.Status) + " in its place"
		}
	}
	lines := []line{{text: text, paint: s.status(one.Out.Status)}}
	if set := settings(one, ""); set != "" && one.node.Kind == "filter" && inner == nil {
		lines = append(lines, line{text: "it has " + set})
	}
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
