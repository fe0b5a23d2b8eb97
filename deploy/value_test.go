package deploy_test

import (
	"net/http"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir/deploy"
)

// everything has an option of each form.
type everything struct {
	Text     string
	Truth    bool
	Small    int8
	Unsigned uint16
	Float    float32
	Time     time.Duration
	Addr     netip.Addr
	Prefix   netip.Prefix
	Rate     rate.Limit
	Regexp   *regexp.Regexp
	Lists    [][]string
	Map      map[string]int
	Struct   struct{ TwoWords string }
	Size     int64
	Texts    map[string]string
	SameSite http.SameSite
}

func TestValues(t *testing.T) {
	dir := write(t, "secret", "from a file\r\n", "two-lines", "a\n\n")
	t.Setenv("WEIR_TEST_TEXT", "from the environment")
	for _, test := range []struct {
		name, text string
		want       everything
	}{
		{"a string in quotes", `text = "a\tb"`, everything{Text: "a\tb"}},
		{"a string as it is", `text = 'a\tb'`, everything{Text: `a\tb`}},
		{"a string of lines", "text = \"\"\"\na\nb\"\"\"", everything{Text: "a\nb"}},
		{"a variable of the environment", `text = { env = "WEIR_TEST_TEXT" }`, everything{Text: "from the environment"}},
		{"a file without its line end", `text = { file = "secret" }`, everything{Text: "from a file"}},
		{"a file without its last line end alone", `text = { file = "two-lines" }`, everything{Text: "a\n"}},
		{"a global", `text = "<${name}${name}>"`, everything{Text: "<valuevalue>"}},
		{"a global from the environment", `text = "<${secret}>"`, everything{Text: "<from the environment>"}},
		{"a global is not looked into again", `text = "${tricky}"`, everything{Text: "${name}"}},
		{"no global", `text = "$name $${name} $$ {name}"`, everything{Text: "$name ${name} $$ {name}"}},
		{"the folder of the file", `text = "${here}/x"`, everything{Text: dir + "/x"}},
		{"true", `truth = true`, everything{Truth: true}},
		{"a negative number", `small = -128`, everything{Small: -128}},
		{"a hexadecimal number", `unsigned = 0xFFFF`, everything{Unsigned: 0xFFFF}},
		{"a number with a sign", `size = +1_000`, everything{Size: 1000}},
		{"a number with a point", `float = 1.5`, everything{Float: 1.5}},
		{"a number without", `float = 2`, everything{Float: 2}},
		{"a duration", `time = "1h30m"`, everything{Time: 90 * time.Minute}},
		{"an address", `addr = "::1"`, everything{Addr: netip.IPv6Loopback()}},
		{"a range of addresses", `prefix = "10.0.0.0/8"`, everything{Prefix: netip.MustParsePrefix("10.0.0.0/8")}},
		{"a range of one address", `prefix = "10.0.0.1"`, everything{Prefix: netip.MustParsePrefix("10.0.0.1/32")}},
		{"a rate by the second", `rate = "100/s"`, everything{Rate: 100}},
		{"a rate by the minute", `rate = "30 / min"`, everything{Rate: 0.5}},
		{"a rate by the hour", `rate = "1800/h"`, everything{Rate: 0.5}},
		{"no limit", `rate = "unlimited"`, everything{Rate: rate.Inf}},
		{"a regular expression", `regexp = '^/\d+$'`, everything{Regexp: regexp.MustCompile(`^/\d+$`)}},
		{"lists of lists", `lists = [["a"], [], ["b", "c"]]`, everything{Lists: [][]string{{"a"}, {}, {"b", "c"}}}},
		{"a table with free keys", `map = { a = 1, "b c" = 2 }`, everything{Map: map[string]int{"a": 1, "b c": 2}}},
		{"a table with dotted keys", "map.a = 1\nmap.b = 2", everything{Map: map[string]int{"a": 1, "b": 2}}},
		{"a table with known keys", `struct = { two-words = "x" }`, everything{Struct: struct{ TwoWords string }{"x"}}},
		{"a table with a header", "[app.main.struct]\ntwo-words = 'x'", everything{Struct: struct{ TwoWords string }{"x"}}},
		{"a table of strings from elsewhere", `texts = { a = { file = "secret" }, b = "${here}" }`,
			everything{Texts: map[string]string{"a": "from a file", "b": dir}}},
		{"a size in bytes", `size = "7B"`, everything{Size: 7}},
		{"a size in kilobytes", `size = "7 kB"`, everything{Size: 7000}},
		{"what SameSite may be", `same-site = "Lax"`, everything{SameSite: http.SameSiteLaxMode}},
		{"what leaves it alone", `same-site = "default"`, everything{SameSite: http.SameSiteDefaultMode}},
		{"what lets all through", `same-site = "none"`, everything{SameSite: http.SameSiteNoneMode}},
		{"a size in gibibytes", `size = "2GiB"`, everything{Size: 2 << 30}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := everythingOf(t, dir, test.text); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// everythingOf returns what the options in text come to.
func everythingOf(t *testing.T, dir, text string) (got everything) {
	t.Helper()
	set := deploy.Set{"everything": deploy.App(func(o everything) http.Handler {
		got = o
		return http.NotFoundHandler()
	}, "size:size")}
	text = "[globals]\nname = \"value\"\nsecret = { env = \"WEIR_TEST_TEXT\" }\ntricky = '$${name}'\n" +
		"[app.main]\nuse = \"everything\"\n" + text
	site, err := deploy.Parse(dir+"/site.toml", []byte(text), set)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := site.Build(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSecretsAreNotInMessages(t *testing.T) {
	dir := write(t, "secret", "hunter2")
	for _, url := range []string{`{ file = "secret" }`, `"http://user:${password}@localhost:port"`} {
		text := "[globals]\npassword = { file = \"secret\" }\n[app.main]\nuse = \"proxy\"\nurl = " + url
		_, err := deploy.Parse(dir+"/site.toml", []byte(text), deploy.Builtin())
		if err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("got error %v", err)
		}
	}
}
