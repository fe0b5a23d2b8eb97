package filtertest_test

import (
	"net/http"
	"testing"

	"github.com/weirhttp/weir/filtertest"
)

func TestIdentity(t *testing.T) {
	filtertest.Run(t, func(next http.Handler) http.Handler { return next })
}
