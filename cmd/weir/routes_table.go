package main

import (
	"fmt"
	"io"
	"strings"
)

// writeRoutes writes routes as a table. Filters are broken into lines where a line would be longer than columns, and a
// long place has a line for itself.
func writeRoutes(w io.Writer, v *overview, list []route, p palette, columns int) error {
	rows := [][4]string{{"PLACE", "APPLICATION", "FILTERS", "WHERE"}}
	for _, r := range list {
		rows = append(rows, [4]string{plain(strings.TrimSpace(r.Host + r.Prefix + " " + r.Pattern)), v.application(r), names(r.Filters), v.where(r.node)})
	}
	var wide [4]int
	for _, row := range rows {
		for i, s := range row {
			if i > 0 || width(s) <= columns/3 {
				wide[i] = max(wide[i], width(s))
			}
		}
	}
	wide[2] = min(wide[2], max(columns-wide[0]-wide[1]-wide[3]-6, 24))
	var b strings.Builder
	for i, row := range rows {
		place, where, paint := p.name, p.dim, palette{}.dim
		if i == 0 {
			place, paint = p.dim, p.dim
		}
		if width(row[0]) > wide[0] {
			fmt.Fprintln(&b, place(row[0]))
			row[0] = ""
		}
		for _, line := range broken(row[2], wide[2]) {
			s := place(row[0]) + pad("", wide[0]-width(row[0])+2) + paint(pad(row[1], wide[1])) + "  " + paint(pad(line, wide[2])) + "  " + where(row[3])
			fmt.Fprintln(&b, strings.TrimRight(s, " "))
			row = [4]string{} // what follows is more filters
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// application says which application a route leads to.
func (v *overview) application(r route) string {
	if r.NotFound {
		return "404 Not Found (" + plain(r.node.Name) + ")"
	}
	s := plain(r.node.Name)
	if part := v.part(r.node); part != "" {
		s += " (" + part + ")"
	}
	for i, b := range r.before {
		if i == 0 {
			s += " after "
		} else {
			s += ", "
		}
		s += plain(b.Name)
	}
	return s
}

// names returns the names of filters, those in a filter after it.
func names(list []passed) string {
	var words []string
	for _, f := range list {
		s := plain(f.node.Name)
		if f.Part == "when" || f.Part == "switch" {
			s += "?"
		}
		if len(f.Filters) > 0 {
			s += "(" + names(f.Filters) + ")"
		}
		words = append(words, s)
	}
	return strings.Join(words, ", ")
}

// broken breaks a text at blanks into lines that are no longer than most, if they can be.
func broken(s string, most int) []string {
	lines := []string{""}
	for _, word := range strings.Split(s, " ") {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case width(*last)+1+width(word) <= most:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
