package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/cmd/weir/internal/comments"
	"github.com/weirhttp/weir/deploy"
)

var writeCatalogue = flag.Bool("catalogue", false, "write internal/catalogue/docs.json, for go generate")

// TestTheCatalogueIsFresh holds that what weir says of the parts is what their comments say, and that each part and
// each key has one.
func TestTheCatalogueIsFresh(t *testing.T) {
	const name = "internal/catalogue/docs.json"
	docs, err := comments.Read("../..", "github.com/weirhttp/weir", parts().Describe(), deploy.DescribeServer())
	if err != nil {
		t.Fatalf("write the comments that are missing, and run go generate in cmd/weir:\n%v", err)
	}
	var fresh bytes.Buffer
	e := json.NewEncoder(&fresh)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(docs); err != nil {
		t.Fatal(err)
	}
	if *writeCatalogue {
		if err := os.WriteFile(name, fresh.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if stale, err := os.ReadFile(name); err != nil || !bytes.Equal(stale, fresh.Bytes()) {
		t.Errorf("%s does not say what the comments of the code say (%v): run go generate in cmd/weir", name, err)
	}
	if len(catalogue.Read()) < len(parts()) {
		t.Error("the program has another file than the one in its folder")
	}
}
