// Command table makes the tables of README.md from what the benchmarks print:
//
//	go test -run '^$' -bench . | go run ./table -into README.md
//
// Several runs, one after the other, count by their medians.
//
// Without -into it prints them.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	into := flag.String("into", "", "`file` to put the tables into, between its two markers")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *into); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, into string) error {
	res, err := parse(in)
	if err != nil {
		return err
	}
	if len(res.benchmarks) == 0 {
		return errors.New("no benchmark on standard input")
	}
	var made bytes.Buffer
	res.write(&made)
	if into == "" {
		_, err = made.WriteTo(out)
		return err
	}
	if res.failed {
		return errors.New("a benchmark failed: " + into + " stays as it is")
	}
	old, err := os.ReadFile(into)
	if err != nil {
		return err
	}
	renewed, err := replace(old, made.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", into, err)
	}
	return os.WriteFile(into, renewed, 0o644)
}

const (
	begin = "<!-- begin: made by go run ./table -->\n"
	end   = "<!-- end -->\n"
)

// replace puts made between the markers of old.
func replace(old, made []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(old, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, errors.New("the markers are missing")
	}
	return bytes.Join([][]byte{head, []byte(begin), []byte("\n"), made, []byte(end), tail}, nil), nil
}
