package mount_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
)

// TestProxyKeepsThePromises takes a proxy for a filter, whose handler is served elsewhere.
func TestProxyKeepsThePromises(t *testing.T) {
	filtertest.Run(t, func(next http.Handler) http.Handler {
		app := &proxyRunning{number: "X-Kit-Request"}
		server := httptest.NewUnstartedServer(app.handler(next))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.Start()
		t.Cleanup(server.Close)
		p := &mount.Proxy{URL: proxyURL(t, server.URL), Logger: newJournal().logger()}
		t.Cleanup(func() { p.Close() })
		return app.behind(p)
	}, filtertest.Options{
		Mounts:        true,
		RequestFields: []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto"},
		Except: proxyExceptions(map[string]string{
			"it is of the connection to the application, not of the client's":  "A09 A13 D10 F05 N07 N17 N38 N39 X10 X62",
			"the application is asked by HTTP/1.1, whatever the client speaks": "A11 F04 N06 N41 X32 X41 X44 X46 X48 X49 X54 X64",
			"an application that breaks off before output is answered by 502":  "E01 N09 X56 X57 X58 X59 X63",
			"by HTTP/2, net/http does not say that a client waits to continue": "D08 X51",
			"values do not go over a connection":                               "F01",
			"a transport reads bodies ahead, and closes them itself":           "N15 N16",
			"sockets hold some of what a client that left will not read":       "N36",
			"the fields of a handshake come in another order":                  "N40",
		}),
	})
}

// proxyRunning knows which requests an application has begun and not ended.
type proxyRunning struct {
	last   atomic.Int64
	begun  sync.Map // number of a request → a channel that is closed when its handler has ended
	number string   // the field that has it
}

// behind has next serve what proxy sends on, and return before proxy does: the rules look at what the handler saw.
func (a *proxyRunning) behind(proxy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := fmt.Sprint(a.last.Add(1))
		defer func() {
			if ended, ok := a.begun.Load(number); ok {
				<-ended.(chan struct{})
			}
		}()
		out := r.WithContext(r.Context())
		out.Header = r.Header.Clone()
		out.Header.Set(a.number, number)
		proxy.ServeHTTP(w, out)
	})
}

func (a *proxyRunning) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ended := make(chan struct{})
		a.begun.Store(r.Header.Get(a.number), ended)
		defer close(ended)
		r.Header.Del(a.number)
		next.ServeHTTP(w, r)
	})
}

// proxyExceptions turns rules by their reason into reasons by their rule.
func proxyExceptions(reasons map[string]string) map[string]string {
	except := make(map[string]string)
	for reason, rules := range reasons {
		for id := range strings.FieldsSeq(rules) {
			except[id] = reason
		}
	}
	return except
}
