package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	system := []debug.BuildSetting{{Key: "GOOS", Value: "plan9"}, {Key: "GOARCH", Value: "arm"}}
	git := append(system, debug.BuildSetting{Key: "vcs.revision", Value: "8df3008"}, debug.BuildSetting{Key: "vcs.time", Value: "2026-01-02T03:04:05Z"})
	for _, test := range []struct {
		name, version string
		settings      []debug.BuildSetting
		want          string
	}{
		{"a release", "v1.2.3", system, "weir v1.2.3 go1.26.0 plan9/arm"},
		{"a build without a version", "", system, "weir (devel) go1.26.0 plan9/arm"},
		{"a build of a revision", "(devel)", git, "weir (devel) go1.26.0 plan9/arm revision 8df3008 of 2026-01-02T03:04:05Z"},
		{"a build of a changed revision", "(devel)", append(git, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			"weir (devel) go1.26.0 plan9/arm revision 8df3008 of 2026-01-02T03:04:05Z with changes"},
	} {
		build := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: test.version}, Settings: test.settings}
		if got := describe(build); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
