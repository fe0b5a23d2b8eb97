package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirhttp/weir/deploy"
)

// TestPages holds that each part has a page of 80 columns, with all of its keys and an example that is a site.
func TestPages(t *testing.T) {
	for _, p := range parts().Describe() {
		t.Run(p.Name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), []string{"filters", p.Name}, &out, &errs); code != 0 {
				t.Fatalf("exit code %d: %s", code, &errs)
			}
			page := out.String()
			for line := range strings.Lines(page) {
				if utf8.RuneCountInString(line) > 81 {
					t.Errorf("a line is too long: %s", line)
				}
			}
			for _, k := range p.Keys {
				if !strings.Contains(page, "\n    "+k.Name+"  "+k.Value.Name) {
					t.Errorf("the key %s is missing in\n%s", k.Name, page)
				}
			}
			_, example, _ := strings.Cut(page, "EXAMPLE\n")
			example, _, _ = strings.Cut(example, "KEYS\n")
			site, err := deploy.Parse("site.toml", []byte(complete(p, example)), parts())
			if err != nil {
				t.Fatalf("%v\nis wrong with\n%s", err, example)
			}
			if p.Kind == "filter" && p.Name != "basic-auth" { // whose example names a file
				_, closer, err := site.Build()
				if err != nil {
					t.Fatalf("%v\nis wrong with\n%s", err, example)
				}
				closer.Close()
			}
		})
	}
}

// complete adds to the example of a part what it names, and what names it.
func complete(p deploy.PartInfo, example string) string {
	blog := "use = 'demo'\n"
	if strings.Contains(example, "[app.blog]\n") {
		example = strings.Replace(example, "[app.blog]\n", "[app.blog]\n"+blog, 1)
	} else {
		example += "[app.blog]\n" + blog
	}
	if p.Kind == "filter" {
		example += "[pipeline.main]\nstack = ['" + p.Name + "', 'blog']\n"
	}
	return example + "[filter.log]\nuse = 'access-log'\n"
}

// TestTheListHasAllParts holds that no part is forgotten.
func TestTheListHasAllParts(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"filters"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	for name := range parts() {
		if !strings.Contains(out.String(), "\n  "+name+" ") {
			t.Errorf("%s is missing in\n%s", name, &out)
		}
	}
}
