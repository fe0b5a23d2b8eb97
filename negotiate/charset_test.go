package negotiate_test

import (
	"net/http"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

func TestCharset(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string // "" for none
	}{
		{"no field: the server's own preference", nil, "utf-8"},
		{"an empty field says as little", []string{""}, "utf-8"},
		{"one that is named", []string{"ISO-8859-5"}, "iso-8859-5"},
		{"the example of RFC 9110 §12.5.2", []string{"iso-8859-5, unicode-1-1;q=0.8"}, "iso-8859-5"},
		{"none that is named", []string{"koi8-r"}, ""},
		{"ISO-8859-1 is nothing special", []string{"iso-8859-5;q=0.1"}, "iso-8859-5"},
		{"the star is for what is not named", []string{"utf-8;q=0.1, *;q=0.2, iso-8859-1;q=0"}, "iso-8859-5"},
		{"anything", []string{"*"}, "utf-8"},
		{"anything, refused", []string{"*;q=0"}, ""},
		{"nothing else", []string{"*;q=0, iso-8859-1;q=0.001"}, "iso-8859-1"},
		{"several lines are one list", []string{"utf-8;q=0.1", "iso-8859-5;q=0.2"}, "iso-8859-5"},
		{"what old browsers sent", []string{"ISO-8859-1,utf-8;q=0.7,*;q=0.3"}, "iso-8859-1"},
		{"x- says nothing here", []string{"x-utf-8"}, ""},
		{"malformed: a weight above 1", []string{"iso-8859-5, utf-8;q=7"}, "utf-8"},
		{"malformed: a weight without its zero", []string{"iso-8859-5, utf-8;q=.7"}, "utf-8"},
		{"a weight with a comma is well formed: 5 is a name", []string{"utf-8;q=0,5"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := negotiate.Charset(http.Header{"Accept-Charset": c.lines}, "utf-8", "iso-8859-5", "iso-8859-1")
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Accept-Charset %q: %q, %v, want %q", c.lines, got, ok, c.want)
			}
		})
	}
}
