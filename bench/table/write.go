package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// write prints the aims and then the tables: one for each benchmark, with time and
// allocations, and one for every metric that the benchmark has besides.
func (r *results) write(w io.Writer) {
	fmt.Fprintf(w, "Medians of %d runs, %s with GOMAXPROCS=%s, %s %s/%s.\n\n",
		r.runs, r.cpu, r.procs, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	r.writeAims(w)
	for _, b := range r.benchmarks {
		allocs := slices.Contains(b.units, "allocs/op")
		title := "time"
		if allocs {
			title = "time, allocations"
		}
		b.writeTable(w, title, func(row, lib string) string {
			ns, ok := b.median(row, lib, "ns/op")
			if !ok {
				return ""
			}
			if n, counted := b.median(row, lib, "allocs/op"); counted {
				return duration(ns) + ", " + number(n)
			}
			return duration(ns)
		})
		for _, unit := range b.units {
			if unit == "ns/op" || unit == "allocs/op" || unit == "MB/s" {
				continue
			}
			b.writeTable(w, unit, func(row, lib string) string {
				if v, ok := b.median(row, lib, unit); ok {
					return number(v)
				}
				return ""
			})
		}
	}
}

// writeTable prints one line for each row and one column for each library. Rows with
// nothing in them are left out.
func (b *benchmark) writeTable(w io.Writer, title string, text func(row, lib string) string) {
	fmt.Fprintf(w, "### %s: %s\n\n| | %s |\n|---|%s\n", b.name, title, strings.Join(b.libs, " | "), strings.Repeat("---:|", len(b.libs)))
	for _, row := range b.rows {
		line := "| " + plain(row) + " |"
		empty := true
		for _, lib := range b.libs {
			cell := text(row, lib)
			empty = empty && cell == ""
			line += " " + cell + " |"
		}
		if !empty {
			fmt.Fprintln(w, line)
		}
	}
	fmt.Fprintln(w)
}

// plain makes a row's name legible: "body=none/filters=1" is "body none, filters 1".
func plain(row string) string {
	return strings.NewReplacer("=", " ", "/", ", ").Replace(row)
}

// number prints three digits, and more where they are whole.
func number(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v == float64(int(v)):
		return strconv.Itoa(int(v))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return number(ns/1e6) + " ms"
	case ns >= 1e4:
		return number(ns/1e3) + " µs"
	}
	return number(ns) + " ns"
}
