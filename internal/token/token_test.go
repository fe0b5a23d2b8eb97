package token_test

import (
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/token"
)

// TestEveryByte goes by the list of RFC 9110 §5.6.2.
func TestEveryByte(t *testing.T) {
	for c := range 256 {
		s := string([]byte{byte(c)})
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if want := letter || strings.Contains("!#$%&'*+-.^_`|~", s); token.Is(s) != want {
			t.Errorf("%q is a token: %v", s, !want)
		}
	}
}

func TestCut(t *testing.T) {
	for s, want := range map[string][2]string{
		"":                {"", ""},
		"gzip":            {"gzip", ""},
		"gzip;q=0.5":      {"gzip", ";q=0.5"},
		" gzip":           {"", " gzip"},
		"na\u00efve":      {"na", "\u00efve"},
		"a\x00b":          {"a", "\x00b"},
		"X-Forwarded\r\n": {"X-Forwarded", "\r\n"},
	} {
		name, rest := token.Cut(s)
		if got := [2]string{name, rest}; got != want {
			t.Errorf("%q is cut into %q", s, got)
		}
		if want := s != "" && want[1] == ""; token.Is(s) != want {
			t.Errorf("%q is a token: %v", s, !want)
		}
	}
}
