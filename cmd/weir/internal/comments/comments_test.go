package comments_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/cmd/weir/internal/comments"
	"github.com/weirhttp/weir/deploy"
)

const code = `package things

// LimitOptions are the options of [Limit].
type LimitOptions struct {
	// MaxKeys is how many there may be, at each Level. Zero means
	// 65,536 keys.
	MaxKeys int

	// Name says so, such as "web". Empty means "default".
	Name string

	Level string // of what is logged; default info; none without MaxKeys

	// Host is the Host that is asked. In Go, it is the one of x.y, say. Empty: example.org.
	Host string

	Silent bool
}

// Limit returns a filter that lets through what is below burst. It has the field Limit-Policy, and never
// the fields Policy and Limit:
//
//	h := things.Limit(1)
//
// [Guard] stands outside of Limit, and Limit inside of Guard. A MaxKeys below 0 panics when the filter is made.
// Limit panics when filter.Guard is not nil.
func Limit(burst int, o LimitOptions) {}

// Guard is nothing.
func Guard() {}
`

// described returns a part by the name that it would have in the code above.
func described(name, function string, keys ...deploy.KeyInfo) deploy.PartInfo {
	return deploy.PartInfo{Name: name, Kind: "filter", Go: "example.org/m/things." + function, Keys: keys}
}

var (
	number = &deploy.ValueInfo{Name: "whole number", Forms: []string{"integer"}}
	text   = &deploy.ValueInfo{Name: "string", Forms: []string{"string"}, Secret: true}
)

// option returns a key that is a field of the options above.
func option(name, field string, v *deploy.ValueInfo) deploy.KeyInfo {
	return deploy.KeyInfo{Name: name, Go: "example.org/m/things.LimitOptions." + field, Value: v}
}

func read(t *testing.T, parts ...deploy.PartInfo) (catalogue.Docs, error) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "things"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "things", "x.go"), []byte(code), 0o666); err != nil {
		t.Fatal(err)
	}
	return comments.Read(dir, "example.org/m", parts, nil)
}

func TestCommentsComeInTheTermsOfAFile(t *testing.T) {
	docs, err := read(t, described("guard", "Guard"), described("limit", "Limit", deploy.KeyInfo{Name: "burst", Value: number},
		option("max-keys", "MaxKeys", number), option("name", "Name", text), option("level", "Level", text), option("host", "Host", text)))
	if err != nil {
		t.Fatal(err)
	}
	got := docs["limit"]
	const want = "Lets through what is below burst. It has the field Limit-Policy, and never\nthe fields Policy and Limit.\n\n" +
		"guard stands outside of limit, and limit inside of guard. A max-keys below 0 is an error.\n" +
		"It is an error when guard is set."
	if got.Doc != want {
		t.Errorf("got\n%s\nwant\n%s", got.Doc, want)
	}
	for key, want := range map[string]catalogue.Key{
		"max-keys": {Doc: "How many there may be, at each level. Zero means\n65,536 keys.", Default: "65536"},
		"name":     {Doc: `Says so, such as "web". Empty means "default".`, Default: `"default"`, Example: `"web"`},
		"level":    {Doc: "Of what is logged; default info; none without max-keys."},
		"host":     {Doc: "The Host that is asked. Empty: example.org.", Default: `"example.org"`},
		"burst":    {Doc: "Lets through what is below burst."},
	} {
		if got.Keys[key] != want {
			t.Errorf("%s: got\n%+v\nwant\n%+v", key, got.Keys[key], want)
		}
	}
}

func TestWhatHasNoCommentIsSaid(t *testing.T) {
	for want, p := range map[string]deploy.PartInfo{
		"silent: example.org/m/things.LimitOptions.Silent has no comment":                       described("limit", "Limit", option("silent", "Silent", text)),
		"no sentence in the comment of example.org/m/things.Guard says what its parameter what": described("guard", "Guard", deploy.KeyInfo{Name: "what", Value: text}),
		"has no function or struct of its own":                                                  described("gone", "Gone"),
		"is no package of example.org/m":                                                        {Name: "far", Go: "example.com/far.Away"},
	} {
		if _, err := read(t, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
