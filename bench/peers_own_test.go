package bench_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

const ownModule = "github.com/weirhttp/weir"

var unread = slog.New(slog.DiscardHandler)

// ownFilters are ours, with settings that do something and let the kit's requests pass. A new filter gets its line here.
var ownFilters = []peer{
	{"filter.RequestID", ownModule, filtertest.Options{RequestFields: []string{"X-Request-Id"}}, func() weir.Filter { return filter.RequestID(filter.RequestIDOptions{}) }},
	{"filter.AccessLog", ownModule, watches, func() weir.Filter {
		return filter.AccessLog(filter.AccessLogOptions{Logger: unread})
	}},
	{"filter.Recover", ownModule, recovers, func() weir.Filter { return filter.Recover(filter.RecoverOptions{Logger: unread}) }},
	{"filter.RateLimit", ownModule, watches, func() weir.Filter {
		return filter.RateLimit(rate.Every(1), 1<<20, filter.RateLimitOptions{})
	}},
	{"filter.MaxBody", ownModule, watches, func() weir.Filter { return filter.MaxBody(64 << 20) }},
	{"filter.Compress", ownModule, encodes, func() weir.Filter { return filter.Compress(filter.CompressOptions{}) }},
	{"rewrite.Request", ownModule, watches, func() weir.Filter { return rewrite.Request(rewrite.User.Set("alice")) }},
	{"rewrite.RequestHeader", ownModule, filtertest.Options{RequestFields: []string{"X-Seen"}}, func() weir.Filter {
		return rewrite.RequestHeader(rewrite.Set("X-Seen", "yes"))
	}},
	{"rewrite.ResponseHeader", ownModule, watches, func() weir.Filter {
		return rewrite.ResponseHeader(rewrite.Default("X-Frame-Options", "DENY"))
	}},
	{"rewrite.Response", ownModule, watches, func() weir.Filter {
		return rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Cookie") })
	}},
	{"rewrite.Body", ownModule, filtertest.Options{
		RequestFields: []string{"Accept-Encoding"}, Transforms: true,
	}, func() weir.Filter { return rewrite.Body(rewrite.Type("text/*"), swapped) }},
}

// swapped writes upper case for lower case, and lower for upper.
func swapped(dst io.Writer) io.WriteCloser { return swapper{dst} }

type swapper struct{ dst io.Writer }

func (s swapper) Close() error { return nil }

func (s swapper) Write(p []byte) (int, error) {
	q := bytes.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, p)
	_, err := s.dst.Write(q)
	return len(p), err
}

// ownPeers are our filters, each alone and all in a stack.
func ownPeers() []peer {
	stack := peer{"all of the above, stacked", ownModule, filtertest.Options{
		RequestFields: []string{"X-Request-Id", "X-Seen", "Accept-Encoding"}, Recovers: true, Encodes: true, Transforms: true,
	}, func() weir.Filter {
		var all []weir.Filter
		for _, p := range ownFilters {
			all = append(all, p.make())
		}
		return weir.Stack(all...).Then
	}}
	mounted := peer{"mount.At", ownModule, filtertest.Options{Mounts: true}, always(func(next http.Handler) http.Handler {
		return mount.At("/", next)
	})}
	return append(slices.Clone(ownFilters), stack, mounted)
}

// Every exported function of package filter and package rewrite that returns a filter is in the table.
func TestEveryFilterIsAPeer(t *testing.T) {
	for _, dir := range []string{"filter", "rewrite"} {
		files, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results.NumFields() != 1 {
					continue
				}
				result, ok := f.Type.Results.List[0].Type.(*ast.FuncType)
				if !ok || result.Results.NumFields() != 1 {
					continue
				}
				if s, ok := result.Results.List[0].Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Handler" {
					continue
				}
				if !slices.ContainsFunc(ownFilters, func(p peer) bool { return p.name == dir+"."+f.Name.Name }) {
					t.Errorf("%s.%s is not in ownFilters: add its line", dir, f.Name.Name)
				}
			}
		}
	}
}
