package setcookie_test

import (
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/setcookie"
)

func TestName(t *testing.T) {
	for line, want := range map[string]struct {
		name  string
		at    int
		named bool
	}{
		"sid=1; Path=/": {"sid", 0, true},
		" \tsid =1":     {"sid", 2, true},
		"sid":           {"sid", 0, false},
		"=sid":          {"", 0, true},
		"sid; a=b":      {"sid", 0, false},
		"":              {"", 0, false},
		`"a;b"=c`:       {`"a`, 0, false},
		"a=b=c":         {"a", 0, true},
	} {
		if name, at, named := setcookie.Name(line); name != want.name || at != want.at || named != want.named {
			t.Errorf("%q: %q at %d, %v", line, name, at, named)
		}
	}
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]string{
		"__Host-sid": "__Host-", "__hOST-sid": "__hOST-", "__Host-Http-sid": "__Host-Http-", "__Secure-": "__Secure-",
		"__Http-x": "__Http-", "__Host": "", "x__Host-sid": "", "": "",
	} {
		if got := setcookie.Reserved(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// The attributes and the pair before them are the whole line.
func FuzzAttributes(f *testing.F) {
	for _, seed := range []string{"a=b; Path=/; Secure", ";;", "a", "a=\";Path=x\"; =; = ; Domain", "a=b;\tSameSite\n= Lax ;", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		whole, _, _ := strings.Cut(line, ";")
		for a := range setcookie.Attributes(line) {
			if a.Begin != len(whole) || line[a.Begin] != ';' || strings.Contains(line[a.Begin+1:a.End], ";") {
				t.Fatalf("%q: an attribute from %d to %d, behind %q", line, a.Begin, a.End, whole)
			}
			if a.Name != strings.Trim(a.Name, setcookie.Blanks) || !strings.HasSuffix(line[:a.End], a.Value) {
				t.Fatalf("%q: %+v", line, a)
			}
			whole += line[a.Begin:a.End]
		}
		if whole != line {
			t.Fatalf("%q was read as %q", line, whole)
		}
	})
}

// The time of a long line grows with its length: no byte is looked at for more than one attribute.
func TestAttributes_long(t *testing.T) {
	n, bytes := 0, 0
	for a := range setcookie.Attributes("a=b" + strings.Repeat(";", 64<<10)) {
		n, bytes = n+1, bytes+a.End-a.Begin
	}
	if n != 64<<10 || bytes != n {
		t.Errorf("%d attributes of %d bytes", n, bytes)
	}
}

// Browsers pass over an attribute whose value is too long, blanks around it not counted.
func TestAttribute_tooLong(t *testing.T) {
	for value, want := range map[string]bool{
		"": true, strings.Repeat("x", 1024): true, strings.Repeat(" ", 2048): true, strings.Repeat("x", 1025): false,
	} {
		for a := range setcookie.Attributes("a=b; HTTPOnly=" + value) {
			if a.Is("HttpOnly") != want {
				t.Errorf("with a value of %d bytes it is HttpOnly: %v", len(value), !want)
			}
		}
	}
}
