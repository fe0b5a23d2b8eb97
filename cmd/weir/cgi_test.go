package main

import (
	"os"
	"path/filepath"
	"testing"
)

// script is a CGI program that says what it was given.
const script = `#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
printf '%s|%s|%s|%s|%s' "$SCRIPT_NAME" "$PATH_INFO" "$QUERY_STRING" "$REMOTE_USER" "$GREETING"
`

func TestCGIProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program.cgi")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		path string
		want string
	}{
		{"is at /cgi/ where nothing else is said", nil, "/cgi/a", "/cgi|/a|||hello"},
		{"sees its query", nil, "/cgi/?a=b;c", "/cgi|/|a=b;c||hello"},
		{"sees who is signed in", []string{"--user", "ada"}, "/cgi/", "/cgi|/||ada|hello"},
		{"sees doubled slashes", []string{"--at", "/a/b"}, "/a/b//c//", "/a/b|//c//|||hello"},
		{"can be at the root", []string{"--at", "/"}, "/x/y", "|/x/y|||hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, []string{"GREETING=hello", "REMOTE_USER=forged"}, append([]string{"--cgi", path}, test.args...)...)
			got := ask(t, client(t), "GET", p.base+test.path, nil, "Remote-User: forged", "Authorization: Basic Zm9yZ2VkOg==")
			if got.body != test.want {
				t.Errorf("%s says %q, want %q", test.path, got.body, test.want)
			}
		})
	}
}
