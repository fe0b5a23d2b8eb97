package main

import (
	"bytes"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

func TestColorsAreForTerminals(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want bool
	}{
		{"a terminal", map[string]string{"TERM": "xterm"}, true},
		{"an empty NO_COLOR says nothing", map[string]string{"NO_COLOR": ""}, true},
		{"NO_COLOR, whatever its value", map[string]string{"NO_COLOR": "0"}, false},
		{"a terminal that has none", map[string]string{"TERM": "dumb"}, false},
	} {
		if got := wantsColor(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	if colorsOf(new(bytes.Buffer)).on {
		t.Error("a buffer is no terminal")
	}
}

// TestFaultsInColours has the colours where they belong, and without them what deploy.Errors says.
func TestFaultsInColours(t *testing.T) {
	_, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'dri'\n"), parts())
	wrong := err.(deploy.Errors)
	wrong = append(wrong, &deploy.Error{Message: "without a place"})
	if got, want := (palette{}).faults(wrong), wrong.Error(); got != want {
		t.Errorf("plain it is\n%s\nwant\n%s", got, want)
	}
	want := "\x1b[1;36msite.toml:2:7:\x1b[0m app.main: there is no app \"dri\"; did you mean \"dir\"?\n" +
		"\x1b[2m    2 | use = 'dri'\x1b[0m\n\x1b[1;31m      |       ^^^^^\x1b[0m\nwithout a place"
	if got := (palette{on: true}).faults(wrong); got != want {
		t.Errorf("coloured it is\n%q\nwant\n%q", got, want)
	}
}
