package rewrite_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestContentType(t *testing.T) {
	for line, want := range map[string]string{
		"text/html":                           "text/html ",
		"Text/HTML ; Charset=UTF-8":           "text/html utf-8",
		`text/html; charset="utf-8"`:          "text/html utf-8",
		"text/html;charset=utf-8;x=y":         "text/html utf-8",
		"multipart/form-data; boundary=a":     "multipart/form-data ",
		"text/html; charset":                  "text/html ",
		"text/html; charset=a; charset=b":     "text/html ",
		"text/html; charset=\"a":              "text/html ",
		"text/html;;;":                        "text/html ",
		"text":                                "text ",
		"":                                    " ",
		"; charset=a":                         " ",
		"application/json; charset=\"é\";a=b": "application/json é",
	} {
		if got := typed(line)(); got != want {
			t.Errorf("%q is %q, want %q", line, got, want)
		}
	}
	if got := rewrite.ContentType(http.Header{}) + rewrite.Charset(nil); got != "" {
		t.Errorf("nothing is %q", got)
	}
}

func FuzzContentType(f *testing.F) {
	f.Add("text/html; charset=utf-8")
	f.Add(";;=\"")
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Content-Type": {line}}
		kind := rewrite.ContentType(h)
		if strings.ContainsAny(kind, ";") || kind != strings.ToLower(kind) || kind != strings.TrimSpace(kind) {
			t.Fatalf("%q is %q", line, kind)
		}
		rewrite.Charset(h)
	})
}

func ExampleContentType() {
	h := http.Header{"Content-Type": {"Text/HTML; Charset=ISO-8859-1"}}
	fmt.Println(rewrite.ContentType(h), rewrite.Charset(h))
	// Output: text/html iso-8859-1
}
