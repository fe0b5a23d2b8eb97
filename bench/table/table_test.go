package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const printed = `goos: linux
cpu: Some CPU
BenchmarkCapture/over=null/filters=1/lib=weir-4   100  30.0 ns/op  64 B/op  1 allocs/op
BenchmarkCapture/over=null/filters=1/lib=weir-4   100  10.0 ns/op  64 B/op  1 allocs/op
BenchmarkCapture/over=null/filters=1/lib=weir-4   100  20.0 ns/op  64 B/op  1 allocs/op
BenchmarkCapture/over=null/filters=1/lib=chi-4    100  50.0 ns/op  128 B/op  2 allocs/op
BenchmarkCapture/over=null/filters=10/lib=weir-4  100  120 ns/op  64 B/op  1 allocs/op
BenchmarkCapture/over=null/filters=10/lib=chi-4   100  500 ns/op  1280 B/op  20 allocs/op
BenchmarkCapture/over=loopback/lib=weir-4         10   12345 ns/op  96.5 %-of-bare
PASS
`

func TestTablesHaveTheMedians(t *testing.T) {
	var out bytes.Buffer
	if err := run(strings.NewReader(printed), &out, ""); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"Medians of 3 runs, Some CPU with GOMAXPROCS=4, go",
		"| a stack of observing filters allocates once | ≤ 1 | 1 | 1 | over null, filters 1 | holds |",
		"| one filter to chi's | ≤ 0.5 | 0.4 | 0.4 | over null, filters 1 | holds |",
		"| ten filters to chi's | ≤ 0.1 | 0.24 | 0.24 | over null, filters 10 | **does not hold** |",
		"| throughput with five filters, % of bare | ≥ 95 | 96.5 | 96.5 | over loopback | holds |",
		"### Capture: time, allocations",
		"| | weir | chi |",
		"| over null, filters 1 | 20 ns, 1 | 50 ns, 2 |",
		"| over loopback | 12.3 µs |  |",
		"### Capture: %-of-bare",
		"| over loopback | 96.5 |  |",
	} {
		if !strings.Contains(out.String(), "\n"+line) && !strings.HasPrefix(out.String(), line) {
			t.Errorf("no line %q in\n%s", line, &out)
		}
	}
}

func TestTablesGoBetweenTheMarkers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("head\n"+begin+"stale\n"+end+"tail\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(strings.NewReader(printed), nil, file); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); !strings.HasPrefix(s, "head\n"+begin+"\nMedians") || !strings.HasSuffix(s, "|\n\n"+end+"tail\n") || strings.Contains(s, "stale") {
		t.Errorf("the file became\n%s", s)
	}
}

func TestFailedRunChangesNothing(t *testing.T) {
	for name, input := range map[string]string{
		"a benchmark failed": printed + "--- FAIL: BenchmarkMount\n",
		"nothing ran":        "PASS\n",
	} {
		if err := run(strings.NewReader(input), nil, "README.md"); err == nil {
			t.Errorf("no error when %s", name)
		}
	}
}
