package bench_test

import (
	"maps"
	"net/http"
	"slices"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/internal/allfilters"
	"github.com/weirhttp/weir/mount"
)

const ownModule = "github.com/weirhttp/weir"

// ownPeers are our filters, each alone and all in a stack.
func ownPeers() (own []peer) {
	filters := allfilters.New("../testdata/users")
	names := slices.Sorted(maps.Keys(filters))
	for _, name := range names {
		own = append(own, peer{name, ownModule, filters[name].Declares, always(filters[name].Filter)})
	}
	stack, declares := allfilters.Stack(filters, names)
	return append(own, peer{"all of the above, stacked", ownModule, declares, always(stack)},
		peer{"mount.At", ownModule, filtertest.Options{Mounts: true}, always(func(next http.Handler) http.Handler { return mount.At("/", next) })})
}
