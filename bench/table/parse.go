package main

import (
	"bufio"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// results is what one run measured.
type results struct {
	cpu        string // as the run said
	procs      string // GOMAXPROCS
	runs       int    // of each benchmark
	failed     bool
	benchmarks []*benchmark // in the order of the run
}

// benchmark is one Benchmark function. A row is what it was measured with apart from
// the library, such as "body=none/filters=10".
type benchmark struct {
	name       string
	rows, libs []string
	units      []string
	values     map[cell][]float64
}

type cell struct{ row, lib, unit string }

// median returns the median of a cell, and whether anything was measured.
func (b *benchmark) median(row, lib, unit string) (float64, bool) {
	v := slices.Sorted(slices.Values(b.values[cell{row, lib, unit}]))
	if len(v) == 0 {
		return 0, false
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2, true
}

func (r *results) benchmark(name string) *benchmark {
	for _, b := range r.benchmarks {
		if b.name == name {
			return b
		}
	}
	return nil
}

var procs = regexp.MustCompile(`-(\d+)$`)

// parse reads the output of go test -bench.
func parse(in io.Reader) (*results, error) {
	r := &results{procs: "1"}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "cpu: "):
			r.cpu = line[len("cpu: "):]
		case strings.HasPrefix(line, "FAIL"), strings.HasPrefix(line, "--- FAIL"):
			r.failed = true
		case strings.HasPrefix(line, "Benchmark") && len(fields) >= 4:
			r.add(fields)
		}
	}
	return r, lines.Err()
}

// add takes a line such as "BenchmarkX/a=1/lib=weir-2 100 5.0 ns/op 8 B/op".
func (r *results) add(fields []string) {
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if m := procs.FindStringSubmatch(name); m != nil {
		name, r.procs = name[:len(name)-len(m[0])], m[1]
	}
	var row []string
	lib := ""
	parts := strings.Split(name, "/")
	for _, p := range parts[1:] {
		if l, ok := strings.CutPrefix(p, "lib="); ok {
			lib = l
		} else {
			row = append(row, p)
		}
	}
	b := r.benchmark(parts[0])
	if b == nil {
		b = &benchmark{name: parts[0], values: map[cell][]float64{}}
		r.benchmarks = append(r.benchmarks, b)
	}
	c := cell{row: strings.Join(row, "/"), lib: lib}
	b.rows, b.libs = with(b.rows, c.row), with(b.libs, c.lib)
	for i := 2; i+1 < len(fields); i += 2 {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return
		}
		c.unit = fields[i+1]
		b.units = with(b.units, c.unit)
		b.values[c] = append(b.values[c], v)
		r.runs = max(r.runs, len(b.values[c]))
	}
}

// with adds s to the list unless it is there.
func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
