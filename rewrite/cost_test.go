package rewrite_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

// TestCosts holds the package to its allocations.
func TestCosts(t *testing.T) {
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest("GET", "/a/%62/x", nil)
	once, _ := rewrite.Shift(r, "/a")
	twice, _ := rewrite.Shift(once, "/b")
	html := rewrite.Body(rewrite.Type("text/html"), pass)(app)
	image := httptest.NewRequest("GET", "/", nil)
	image.Header.Set("Sec-Fetch-Dest", "image")
	noted, _ := rewrite.TakeNotes(r, 1)
	for name, c := range map[string]struct {
		budget float64
		f      func()
	}{
		"Shift":               {2, func() { rewrite.Shift(r, "/a") }},
		"Shift of a Shift":    {2, func() { rewrite.Shift(once, "/b") }},
		"ShiftTo":             {2, func() { rewrite.ShiftTo(r, "/x") }},
		"Shift that misses":   {0, func() { rewrite.Shift(r, "/b") }},
		"ScriptName":          {0, func() { rewrite.ScriptName(twice) }},
		"EscapedScriptName":   {0, func() { rewrite.EscapedScriptName(twice) }},
		"TakeNotes":           {1, func() { rewrite.TakeNotes(r, 10) }},
		"Note for nobody":     {0, func() { rewrite.Note(r.Context()) }},
		"Set for nobody":      {1, func() { rewrite.User.WithValue(r.Context(), "") }},
		"Value under notes":   {0, func() { rewrite.User.Value(noted.Context()) }},
		"UserNoted":           {0, func() { rewrite.UserNoted(noted.Context()) }},
		"Body of no interest": {1, func() { html.ServeHTTP(nil, image) }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got > c.budget {
			t.Errorf("%s: %v allocations, the budget is %v", name, got, c.budget)
		}
	}
}
