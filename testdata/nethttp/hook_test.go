package http_test

import (
	"net/http"
	"os"

	"weirtest/github.com/weirhttp/weir/testdata/nethttp/stacks"
)

func init() {
	name := os.Getenv("WEIR_STACK")
	stack, ok := stacks.ByName[name]
	if !ok {
		panic("no such stack: " + name)
	}
	http.WeirHook = stack
}
