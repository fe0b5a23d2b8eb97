package mount_test

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// TestAtLaws checks on random paths what At promises about all.
func TestAtLaws(t *testing.T) {
	type sight struct{ script, info, escaped, raw string }
	var saw *sight
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		saw = &sight{rewrite.ScriptName(r), r.URL.Path, rewrite.EscapedScriptName(r), r.URL.EscapedPath()}
	})
	look := func(h http.Handler, target string) *sight {
		saw = nil
		ask(h, target)
		return saw
	}
	random := rand.New(rand.NewPCG(3, 4))
	pieces := strings.Fields("/ / / / a b %61 %2F %2f .. . %2e %5C ; ;x=1 * ( é %C3%A9 %20 %25 %00 ..;")
	segments := strings.Fields("/a /b /é")
	spellings := strings.Fields("/a /%61 /b /%62 /é /%C3%A9 /%c3%a9 /a/ %2Fa")
	reached := 0
	for range 100_000 {
		outer, inner := segments[random.IntN(len(segments))], segments[random.IntN(len(segments))]
		var b strings.Builder
		for range 2 {
			b.WriteString(spellings[random.IntN(len(spellings))])
		}
		for range random.IntN(8) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		target := b.String()
		u, err := url.ParseRequestURI(target)
		if err != nil {
			continue
		}
		once := look(mount.At(outer+inner, app), target)
		twice := look(mount.At(outer, mount.At(inner, app)), target)
		if once == nil && twice == nil {
			continue
		}
		reached++
		if once == nil || twice == nil || *once != *twice {
			t.Fatalf("%s: At(%q) shows %v, At(%q, At(%q)) shows %v", target, outer+inner, once, outer, inner, twice)
		}
		if once.script != outer+inner || once.script+once.info != u.Path || once.escaped+once.raw != u.EscapedPath() {
			t.Fatalf("%s: shows %v", target, once)
		}
		if !strings.HasPrefix(once.raw, "/") {
			t.Fatalf("%s: not at a boundary: %v", target, once)
		}
	}
	if reached < 1000 {
		t.Errorf("only %d paths reached the application", reached)
	}
}
