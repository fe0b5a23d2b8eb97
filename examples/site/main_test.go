package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
)

// TestSite asks for each application on a machine that has but one of them: what is missing is a fault of that
// application alone, told by its backend.
func TestSite(t *testing.T) {
	server := httptest.NewServer(site())
	defer server.Close()
	_, err := os.Stat("/usr/share/gitweb/gitweb.cgi")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	code := []int{http.StatusOK, http.StatusNotFound} // "No projects found"
	if err != nil {
		code = []int{http.StatusInternalServerError}
	}
	for path, want := range map[string][]int{
		"/shop/":  {http.StatusServiceUnavailable},
		"/db/":    {http.StatusBadGateway, http.StatusNotFound, http.StatusOK}, // as PHP runs here or not
		"/code/":  code,
		"/wiki/":  {http.StatusBadGateway},
		"/media/": {http.StatusNotFound},
		"/":       {http.StatusNotFound},
	} {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if !slices.Contains(want, res.StatusCode) {
			t.Errorf("%s is %d, want %v", path, res.StatusCode, want)
		}
	}
}
