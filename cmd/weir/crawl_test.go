package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var (
	linkAttribute = regexp.MustCompile(`(?:href|src|action)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	linkElement   = regexp.MustCompile(`<link>([^<]*)</link>`) // in RSS
	baseElement   = regexp.MustCompile(`<base href="([^"]*)"`)
)

// links returns the URLs of the same host that a page names, without fragments, in the order of the page and once each.
func links(t *testing.T, page *url.URL, body string) []string {
	t.Helper()
	base := page
	if m := baseElement.FindStringSubmatch(body); m != nil {
		base = resolve(t, page, m[1])
	}
	var found []string
	seen := make(map[string]bool)
	for _, m := range append(linkAttribute.FindAllStringSubmatch(body, -1), linkElement.FindAllStringSubmatch(body, -1)...) {
		u := resolve(t, base, strings.Join(m[1:], ""))
		u.Fragment = ""
		if link := u.String(); u.Host == page.Host && !seen[link] {
			seen[link] = true
			found = append(found, link)
		}
	}
	return found
}

func resolve(t *testing.T, base *url.URL, reference string) *url.URL {
	t.Helper()
	u, err := base.Parse(html.UnescapeString(reference))
	if err != nil {
		t.Fatalf("a link on %s: %v", base, err)
	}
	return u
}

// crawler asks for pages and holds that nothing leads out of a prefix.
type crawler struct {
	t      *testing.T
	client *http.Client
	below  string         // a URL with a slash at its end
	except *regexp.Regexp // links that are not asked for; nil: none

	// perPage bounds how many links of one page are asked for. Of a page with more, links spread evenly over it are:
	// feeds have thousands, of a few kinds.
	perPage int
}

func newCrawler(t *testing.T, transport http.RoundTripper, below string) *crawler {
	leaves := func(r *http.Request, via []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), below) {
			return fmt.Errorf("it redirects to %s", r.URL)
		}
		if len(via) > 5 {
			return errors.New("it redirects too often")
		}
		return nil
	}
	return &crawler{t: t, client: &http.Client{Transport: transport, CheckRedirect: leaves}, below: below, perPage: 40}
}

// get returns the media type and the body of a page, or an error when it does not answer 200.
func (c *crawler) get(link string) (kind, body string, err error) {
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", link, nil)
	if err != nil {
		return "", "", err
	}
	res, err := c.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	kind = res.Header.Get("Content-Type")
	if kind == "text/event-stream" { // it has no end
		return kind, "", nil
	}
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return kind, string(text), err
}

// follow asks for the links on the given pages and returns the media type of each. A link that leads out of the prefix
// or does not answer 200 fails the test.
func (c *crawler) follow(pages ...string) map[string]string {
	c.t.Helper()
	var list []string
	origin := make(map[string]string) // where each link was found first
	for _, page := range pages {
		found := c.linksOf(page)
		most := min(len(found), c.perPage)
		for n := range most {
			link := found[n*len(found)/most]
			if origin[link] == "" {
				origin[link] = page
				list = append(list, link)
			}
		}
	}
	return c.visit(list, origin)
}

// linksOf returns the links on a page that are to be asked for.
func (c *crawler) linksOf(page string) []string {
	c.t.Helper()
	kind, body, err := c.get(page)
	if err != nil {
		c.t.Errorf("%s: %v", page, err)
	}
	if !strings.Contains(kind, "ml") { // neither HTML, XHTML, RSS nor Atom
		return nil
	}
	at, err := url.Parse(page)
	if err != nil {
		c.t.Fatal(err)
	}
	var below []string
	for _, link := range links(c.t, at, body) {
		if rest, ok := strings.CutPrefix(link, strings.TrimSuffix(c.below, "/")); !ok || rest != "" && rest[0] != '/' && rest[0] != '?' {
			c.t.Errorf("the link %s on %s leads out of %s", link, page, c.below)
		} else if c.except == nil || !c.except.MatchString(link) {
			below = append(below, link)
		}
	}
	return below
}

// visit asks for every link of the list, a few at a time, and returns their media types.
func (c *crawler) visit(list []string, origin map[string]string) map[string]string {
	kinds := make(map[string]string)
	var mu sync.Mutex
	var workers sync.WaitGroup
	work := make(chan string)
	for range 4 {
		workers.Go(func() {
			for link := range work {
				kind, _, err := c.get(link)
				if err != nil {
					c.t.Errorf("%s, a link on %s: %v", link, origin[link], err)
				}
				mu.Lock()
				kinds[link] = kind
				mu.Unlock()
			}
		})
	}
	for _, link := range list {
		work <- link
	}
	close(work)
	workers.Wait()
	return kinds
}
