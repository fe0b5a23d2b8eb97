package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/weirhttp/weir/deploy"
)

// loaded returns the view of a site of testdata.
func loaded(t *testing.T, name string) *overview {
	t.Helper()
	site, err := deploy.Load(name, parts())
	if err != nil {
		t.Fatal(err)
	}
	return newOverview(site.Root(), name)
}

// parsed returns the view of a site whose file has a text.
func parsed(t *testing.T, text string) *overview {
	t.Helper()
	site, err := deploy.Parse("site.toml", []byte(text), parts())
	if err != nil {
		t.Fatal(err)
	}
	return newOverview(site.Root(), "site.toml")
}

// wide returns a site of so many mounts.
func wide(mounts int) string {
	var b strings.Builder
	fmt.Fprintln(&b, "[app.main]\nuse = 'mounts'\nfilters = ['access-log']")
	for i := range mounts {
		fmt.Fprintf(&b, "'/app-%02d/' = 'app%d'\n", i, i)
	}
	for i := range mounts {
		fmt.Fprintf(&b, "[app.app%d]\nuse = 'proxy'\nurl = 'http://localhost:%d'\n", i, 3000+i)
		if i%3 == 0 {
			fmt.Fprintln(&b, "filters = ['limit', 'compress']")
		}
	}
	return b.String() + "[filter.limit]\nuse = 'rate-limit'\nlimit = '10/s'\nburst = 10\n"
}

// manyWays is a site with 2^40 ways to an application, and as many through its filters.
func manyWays() string {
	b := strings.Builder{}
	fmt.Fprintln(&b, "[pipeline.main]\nstack = ['f40', 'a40']\n[app.a0]\nuse = 'dir'\nfs = '.'\n[filter.f0]\nuse = 'recover'")
	for i := range 40 {
		fmt.Fprintf(&b, "[app.a%d]\nuse = 'mounts'\n'/a/' = 'a%d'\n'/b/' = 'a%[2]d'\n", i+1, i)
		fmt.Fprintf(&b, "[filter.f%d]\nuse = 'stack'\nfilters = ['f%d', 'f%[2]d']\n", i+1, i)
	}
	return b.String()
}

// TestPicturesAreSmall holds that what is named in several places is drawn once, however many ways lead to it.
func TestPicturesAreSmall(t *testing.T) {
	v := parsed(t, manyWays())
	var tree, picture bytes.Buffer
	if err := errors.Join(writeTree(&tree, v, boxStrokes, palette{}, 80), writeSVG(&picture, v, "site.toml")); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(tree.String(), "\n"); n != 1+81+81 {
		t.Errorf("the tree has %d lines", n)
	}
	if n := strings.Count(picture.String(), `class="filter"`); n != 81 {
		t.Errorf("the picture has %d filters", n)
	}
	if _, err := v.routes(); err != errManyRoutes {
		t.Errorf("of routes: %v", err)
	}
	if _, err := parsed(t, strings.ReplaceAll(manyWays(), "'f40', ", "")).routes(); err != errManyRoutes {
		t.Errorf("of routes without filters: %v", err)
	}
}

// TestLayout holds that nothing lies over anything else, in sites of every form.
func TestLayout(t *testing.T) {
	views := map[string]*overview{
		"small": loaded(t, "testdata/site.toml"),
		"eight": loaded(t, "testdata/graph/eight.toml"),
		"deep":  loaded(t, "testdata/graph/deep.toml"),
		"wide":  parsed(t, wide(30)),
		"one":   parsed(t, "[app.main]\nuse = 'dir'\nfs = '.'\nfilters = ['recover', 'compress']"),
		"none":  parsed(t, "[app.main]\nuse = 'mounts'"),
		"many":  parsed(t, manyWays()),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		views[fmt.Sprint("random ", i)] = newOverview(randomApp(random, 5, &[]*deploy.Node{}), "site.toml")
	}
	for name, v := range views {
		l := newLayout(v)
		if fault := l.fault(); fault != "" {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// randomApp makes an app with others below it, some of which are also elsewhere.
func randomApp(r *rand.Rand, depth int, all *[]*deploy.Node) *deploy.Node {
	n := &deploy.Node{Kind: "app", Name: strings.Repeat("n", 1+r.IntN(60)), Section: "app.x",
		Use: []string{"mounts", "cascade", "", "proxy"}[r.IntN(4)]}
	for range r.IntN(4) {
		f := &deploy.Node{Kind: "filter", Name: strings.Repeat("f", 1+r.IntN(50)), Section: "filter.x", Use: "stack"}
		if r.IntN(2) == 0 {
			f.Settings = []deploy.Setting{{Key: "limit", Value: strings.Repeat("9", r.IntN(50))}}
		}
		if len(n.Filters) > 0 && r.IntN(3) == 0 {
			f.Refs = []deploy.Ref{{Key: "filters", Node: n.Filters[0]}}
		}
		n.Filters = append(n.Filters, f)
	}
	kids := map[string]int{"mounts": r.IntN(5), "cascade": r.IntN(4), "": 1}[n.Use]
	if depth == 0 {
		kids, n.Use = 0, "proxy"
	}
	for i := range kids {
		kid := (*deploy.Node)(nil)
		if len(*all) > 0 && r.IntN(5) == 0 {
			kid = (*all)[r.IntN(len(*all))]
		} else {
			kid = randomApp(r, depth-1, all)
		}
		ref := deploy.Ref{Key: "apps", Node: kid}
		if n.Use == "mounts" {
			ref.Place = fmt.Sprintf("/%d%s/", i, strings.Repeat("p", r.IntN(40)))
		}
		n.Refs = append(n.Refs, ref)
	}
	*all = append(*all, n)
	return n
}

// fault says what is wrong with a layout, or nothing: boxes that overlap or lie outside, wires through a box.
func (l *layout) fault() string {
	for i, a := range l.boxes {
		if a.x < 0 || a.y < headHeight || a.x+a.w > l.w-margin/2 || a.y+a.h > l.h-margin/2 {
			return fmt.Sprintf("%+v is outside of %d×%d", a, l.w, l.h)
		}
		for _, b := range l.boxes[:i] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
				return fmt.Sprintf("%+v lies over %+v", a, b)
			}
		}
		for _, w := range l.wires {
			if a.shape != labelBox && (w.crosses(a, w.x1, w.y1, w.turn, w.y1) || w.crosses(a, w.turn, w.y1, w.turn, w.y2) ||
				w.crosses(a, w.turn, w.y2, w.x2, w.y2)) {
				return fmt.Sprintf("%+v goes through %+v", w, a)
			}
		}
	}
	return ""
}

// crosses reports whether a straight piece of a wire goes through the inside of a box.
func (wire) crosses(b box, x1, y1, x2, y2 int) bool {
	x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
	return x1 < b.x+b.w && x2 > b.x && y1 < b.y+b.h && y2 > b.y
}

// TestGoldenPicture compares the picture of a site, which the README shows.
func TestGoldenPicture(t *testing.T) {
	var b bytes.Buffer
	if err := writeSVG(&b, loaded(t, "testdata/graph/eight.toml"), "eight.toml"); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/graph/eight.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("the picture is another one: look at it in a browser after go run . graph --output testdata/graph/eight.svg testdata/graph/eight.toml")
	}
}

// TestPictureNeedsNothing holds that a picture has no script, no link and no other file, and that it can be read out.
func TestPictureNeedsNothing(t *testing.T) {
	var b bytes.Buffer
	if err := writeSVG(&b, loaded(t, "testdata/graph/eight.toml"), "eight.toml"); err != nil {
		t.Fatal(err)
	}
	if fault := unsafe(b.Bytes()); fault != "" {
		t.Error(fault)
	}
	if n := strings.Count(b.String(), "<title>"); n < 20 {
		t.Errorf("it has %d tooltips", n)
	}
	for _, never := range []string{"url(", "@import", "never shown", "/cmd/weir"} {
		if strings.Contains(b.String(), never) {
			t.Errorf("it has %q", never)
		}
	}
	for _, want := range []string{`role="img"`, "prefers-color-scheme", "/db/ leads to adminer (fastcgi) behind office, slow, uploads."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it does not have %q", want)
		}
	}
}

// unsafe says what is wrong with a picture, or nothing: that it is not well-formed, has an element that is none of its own,
// one too often, or an attribute that does something.
func unsafe(picture []byte) string {
	d, elements := xml.NewDecoder(bytes.NewReader(picture)), map[string]int{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err.Error()
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements[e.Name.Local]++
		for _, a := range e.Attr {
			if strings.Contains(a.Value, ":") && a.Name.Local != "xmlns" || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
				return fmt.Sprintf("attribute %s of %s is %q", a.Name.Local, e.Name.Local, a.Value)
			}
		}
	}
	for name, n := range elements {
		switch name {
		case "title", "g", "rect", "path", "circle", "text":
		case "svg", "desc", "style":
			if n != 1 {
				return "there are several elements " + name
			}
		default:
			return "there is an element " + name
		}
	}
	return ""
}

// FuzzNames holds that whatever stands in a file for a name, a place, a part or a value, the picture is well-formed and has
// no elements of theirs, and neither it nor the tree has a character that steers a terminal or turns a text around.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"a", "", "<script>alert(1)</script>", `"/><a href='x'>`, "]]>", "&amp;", "\x1b[2J", "\u202e", "\xff", "a\nb",
		"</title></svg>", "漢字かな", "é\u0301", strings.Repeat("w", 5000), "%s%d", "\x00", "\ufffe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter := &deploy.Node{Kind: "filter", Name: s, Section: s, Use: s, Pos: deploy.Pos{File: s, Line: 1},
			Settings: []deploy.Setting{{Key: s, Value: s}}}
		app := &deploy.Node{Kind: "app", Name: s, Section: s, Use: "x" + s, Pos: deploy.Pos{File: s}, Filters: []*deploy.Node{filter, filter},
			Settings: []deploy.Setting{{Key: "url", Value: s}}}
		root := &deploy.Node{Kind: "app", Name: s, Section: s, Use: "mounts", Refs: []deploy.Ref{{Key: s, Place: s, Node: app}, {Key: s, Place: s, Node: app}}}
		v := newOverview(&deploy.Node{Kind: "app", Name: s, Section: s, Filters: []*deploy.Node{filter}, Refs: []deploy.Ref{{Key: "stack", Node: root}}}, s)
		if fault := newLayout(v).fault(); fault != "" {
			t.Error(fault)
		}
		var picture, tree, table bytes.Buffer
		list, err := v.routes()
		if err = errors.Join(err, writeSVG(&picture, v, s), writeTree(&tree, v, boxStrokes, palette{}, 80),
			writeRoutes(&table, v, list, palette{}, 80)); err != nil {
			t.Fatal(err)
		}
		if fault := unsafe(picture.Bytes()); fault != "" {
			t.Error(fault)
		}
		for _, c := range picture.String() + tree.String() + table.String() {
			if !unicode.IsPrint(c) && c != '\n' {
				t.Errorf("there is a %U", c)
			}
		}
	})
}

// TestTreeFitsATerminal holds that no line of a usual site is longer than 80 characters.
func TestTreeFitsATerminal(t *testing.T) {
	for _, name := range []string{"testdata/site.toml", "testdata/graph/eight.toml"} {
		for _, s := range []strokes{boxStrokes, asciiStrokes} {
			var b bytes.Buffer
			if err := writeTree(&b, loaded(t, name), s, palette{}, 80); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if width(line)-1 > 80 {
					t.Errorf("%s: %s", name, line)
				}
				if s == asciiStrokes && strings.ContainsFunc(line, func(c rune) bool { return c > unicode.MaxASCII }) {
					t.Errorf("no ASCII: %s", line)
				}
			}
		}
	}
}

// TestColoursChangeNoColumn holds that colours have no width.
func TestColoursChangeNoColumn(t *testing.T) {
	v := loaded(t, "testdata/graph/eight.toml")
	list, err := v.routes()
	if err != nil {
		t.Fatal(err)
	}
	write := func(p palette) string {
		var b bytes.Buffer
		if err := errors.Join(writeTree(&b, v, boxStrokes, p, 80), writeRoutes(&b, v, list, p, 80)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	coloured, plainText := write(palette{on: true}), write(palette{})
	if coloured == plainText {
		t.Error("there are none")
	}
	for _, rendition := range []string{"\x1b[0m", "\x1b[2m", "\x1b[32m", "\x1b[1;36m"} {
		coloured = strings.ReplaceAll(coloured, rendition, "")
	}
	trimmed := func(s string) string {
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		return strings.Join(lines, "\n")
	}
	if trimmed(coloured) != trimmed(plainText) {
		t.Errorf("with colours\n%s\nwithout\n%s", coloured, plainText)
	}
}

// TestNoBrowser holds that one is told where the picture is when nothing can open it, or what is to does not.
func TestNoBrowser(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if runtime.GOOS != "linux" {
		t.Skip("what opens a file is another program here")
	}
	err := openInBrowser(t.Context(), "site.svg")
	if want := "the picture is site.svg, but there is no xdg-open to open it with: open it in a browser yourself"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(dir+"/xdg-open", []byte("#!/bin/sh\necho no display\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = openInBrowser(t.Context(), "site.svg")
	if want := "but xdg-open could not open it (exit status 3: no display): open"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
