package negotiate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/negotiate"
)

func ExampleType() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Vary(w.Header(), "Accept")
		kind, ok := negotiate.Type(r.Header, "text/html", "application/json")
		if !ok {
			http.Error(w, "there is text/html and application/json", http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Type", kind)
	})
	for _, accept := range []string{"application/json, text/*;q=0.5", "*/*", "image/png"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 200 application/json
	// 200 text/html
	// 406 text/plain; charset=utf-8
}

// A range with parameters does not match a type that has none. Clients that ask for JSON with a
// charset, which JSON does not have, are served by an offer of that name.
func ExampleType_wrong() {
	h := http.Header{"Accept": {"application/json;charset=utf-8"}}
	fmt.Println(negotiate.Type(h, "application/json"))
	fmt.Println(negotiate.Type(h, "application/json", "application/json; charset=utf-8"))
	// Output:
	//  false
	// application/json; charset=utf-8 true
}

func ExampleEncoding() {
	for _, accept := range []string{"gzip, br", "gzip;q=0.5", "deflate", "identity;q=0"} {
		h := http.Header{"Accept-Encoding": {accept}}
		fmt.Println(negotiate.Encoding(h, "br", "gzip", "identity"))
	}
	// Output:
	// br true
	// gzip true
	// identity true
	//  false
}

// Without the offer "identity", every client that knows none of the codings is refused.
func ExampleEncoding_wrong() {
	h := http.Header{"Accept-Encoding": {"deflate"}}
	fmt.Println(negotiate.Encoding(h, "br", "gzip"))
	// Output:
	//  false
}

func ExampleLanguage() {
	for _, accept := range []string{"de-CH, en;q=0.8", "da, *;q=0.1", "da"} {
		h := http.Header{"Accept-Language": {accept}}
		language, ok := negotiate.Language(h, "en", "de", "fr")
		if !ok {
			language = "en" // rather than a refusal
		}
		fmt.Println(language)
	}
	// Output:
	// de
	// en
	// en
}

func ExampleLanguages() {
	h := http.Header{"Accept-Language": {"de-CH, en;q=0.8, de;q=0.9"}}
	fmt.Println(negotiate.Languages(h, "en-GB", "de-CH", "de-AT", "fr"))
	// Output: [de-CH de-AT en-GB]
}

func ExampleCharset() {
	h := http.Header{"Accept-Charset": {"iso-8859-5, utf-8;q=0.8"}}
	fmt.Println(negotiate.Charset(h, "utf-8", "iso-8859-5"))
	// Output: iso-8859-5 true
}
