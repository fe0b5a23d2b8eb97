package mount_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"testing"
)

// paramsServer is a FastCGI responder that answers with the parameters that it got, as JSON; one that came twice has
// both values, with a "+" between.
func paramsServer(t testing.TB) string {
	t.Helper()
	listener := accept(t, "tcp", "", func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			params, err := readParams(in)
			if err != nil {
				return
			}
			text, _ := json.Marshal(params)
			answer := append([]byte("Content-Type: application/json\n\n"), text...)
			for piece := answer; len(piece) > 0; piece = piece[min(len(piece), 60_000):] {
				writeRecord(c, 6, piece[:min(len(piece), 60_000)])
			}
			writeRecord(c, 3, make([]byte, 8))
		}
	})
	return listener.Addr().String()
}

func writeRecord(w io.Writer, kind byte, content []byte) {
	head := []byte{1, kind, 0, 1, byte(len(content) >> 8), byte(len(content)), 0, 0}
	w.Write(append(head, content...))
}

// readParams reads a request to the end of its body.
func readParams(in io.Reader) (map[string]string, error) {
	var stream []byte
	for {
		kind, content := readRecord(in)
		switch {
		case kind == 0:
			return nil, io.ErrUnexpectedEOF
		case kind == 4:
			stream = append(stream, content...)
		case kind == 5 && len(content) == 0:
			return decodeParams(stream)
		}
	}
}

func decodeParams(stream []byte) (map[string]string, error) {
	length := func() int {
		n := int(stream[0])
		if n < 128 {
			stream = stream[1:]
			return n
		}
		n = int(binary.BigEndian.Uint32(stream) &^ (1 << 31))
		stream = stream[4:]
		return n
	}
	params := make(map[string]string)
	for len(stream) > 0 {
		name := length()
		value := length()
		if name+value > len(stream) {
			return nil, fmt.Errorf("a parameter of %d bytes where %d are left", name+value, len(stream))
		}
		n, v := string(stream[:name]), string(stream[name:name+value])
		if other, ok := params[n]; ok {
			v = other + "+" + v
		}
		params[n] = v
		stream = stream[name+value:]
	}
	return params, nil
}
