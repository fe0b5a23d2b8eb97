package negotiate_test

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What follows is the choice in the words of the RFCs, with no regard for speed.

const (
	tokenRE  = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	qRE      = `(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)`
	quotedRE = `"(?:[^\x00-\x08\x0a-\x1f\x7f"\\]|\\[^\x00-\x08\x0a-\x1f\x7f])*"`
	paramRE  = "[ \t]*;[ \t]*(?:(" + tokenRE + ")=(" + tokenRE + "|" + quotedRE + "))?"
)

var (
	emptyElement = regexp.MustCompile("^[ \t]*(?:,|$)")
	namedElement = regexp.MustCompile("^[ \t]*(" + tokenRE + ")[ \t]*(?:;[ \t]*[qQ]=(" + qRE + "))?[ \t]*(?:,|$)")
	mediaElement = regexp.MustCompile(`(?s)^[ \t]*(` + tokenRE + "/" + tokenRE + ")((?:" + paramRE + ")*)[ \t]*(?:,|$)")
	eachParam    = regexp.MustCompile(`(?s)` + paramRE)
	weight       = regexp.MustCompile("^" + qRE + "$")
	basicRange   = regexp.MustCompile(`^(?:\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)$`)
	escape       = regexp.MustCompile(`(?s)\\(.)`)
)

// element is one of a field.
type element struct {
	name   string // in lower case
	params []string
	q      float64
}

// elements parses a field, and says whether it is well formed and not empty.
func elements(lines []string, form *regexp.Regexp) (list []element, ok bool) {
	for _, line := range lines {
		for line != "" {
			if m := emptyElement.FindString(line); m != "" {
				line = line[len(m):]
				continue
			}
			m := form.FindStringSubmatch(line)
			if m == nil {
				return nil, false
			}
			line = line[len(m[0]):]
			e := element{name: strings.ToLower(m[1]), q: 1}
			if form == mediaElement {
				var weights []string
				e.params, weights = parameters(m[2])
				if len(weights) > 1 || len(weights) == 1 && !weight.MatchString(weights[0]) {
					return nil, false
				}
				if len(weights) == 1 {
					e.q, _ = strconv.ParseFloat(weights[0], 64)
				}
				if strings.HasPrefix(e.name, "*/") && e.name != "*/*" {
					return nil, false
				}
			} else if m[2] != "" {
				e.q, _ = strconv.ParseFloat(m[2], 64)
			}
			list = append(list, e)
		}
	}
	return list, len(list) > 0
}

// parameters returns parameters as name=value, and the raw values of those called q.
func parameters(s string) (params, weights []string) {
	for _, m := range eachParam.FindAllStringSubmatch(s, -1) {
		name, value := strings.ToLower(m[1]), m[2]
		switch {
		case name == "":
		case name == "q":
			weights = append(weights, value)
		default:
			if value[0] == '"' {
				value = escape.ReplaceAllString(value[1:len(value)-1], "$1")
			}
			if name == "charset" {
				value = strings.ToLower(value)
			}
			params = append(params, name+"="+value)
		}
	}
	return params, weights
}

// weigh returns the weight of an offer by the first of the most specific elements, of which
// specific gives the precedence, and unnamed where there is none.
func weigh(list []element, unnamed float64, specific func(element) int) float64 {
	q, precedence := unnamed, 0
	for _, e := range list {
		if p := specific(e); p > precedence {
			q, precedence = e.q, p
		}
	}
	return q
}

// bestOf returns the first of the offers with the greatest weight.
func bestOf(offers []string, weight func(string) float64) string {
	best := ""
	for _, o := range offers {
		if weight(o) > 0 && (best == "" || weight(o) > weight(best)) {
			best = o
		}
	}
	return best
}

func firstOf(offers []string) string { return append(slices.Clone(offers), "")[0] }

func typeByTheBook(lines, offers []string) string {
	list, ok := elements(lines, mediaElement)
	if !ok {
		return firstOf(offers)
	}
	return bestOf(offers, func(offer string) float64 {
		name, _, _ := strings.Cut(strings.ToLower(offer), ";")
		name = strings.TrimRight(name, " \t")
		major, _, _ := strings.Cut(name, "/")
		has, _ := parameters(offer[len(name):])
		return weigh(list, 0, func(e element) int {
			for _, p := range e.params {
				if !slices.Contains(has, p) {
					return 0
				}
			}
			switch e.name {
			case name:
				return 3e6 + len(e.params)
			case major + "/*":
				return 2e6 + len(e.params)
			case "*/*":
				return 1e6 + len(e.params)
			}
			return 0
		})
	})
}

func nameByTheBook(lines, offers []string, unnamed func(string) float64, known func(string) string) (string, bool) {
	list, _ := elements(lines, namedElement)
	wellFormed := list != nil || emptyLines(lines)
	return bestOf(offers, func(offer string) float64 {
		return weigh(list, unnamed(offer), func(e element) int {
			switch {
			case known(e.name) == strings.ToLower(offer):
				return 2
			case e.name == "*":
				return 1
			}
			return 0
		})
	}), wellFormed
}

func emptyLines(lines []string) bool { return strings.Trim(strings.Join(lines, ""), ", \t") == "" }

func encodingByTheBook(lines, offers []string) string {
	identity := func(offer string) float64 {
		if offer == "identity" {
			return 0.001
		}
		return 0
	}
	best, ok := nameByTheBook(lines, offers, identity, func(name string) string {
		if name == "x-gzip" || name == "x-compress" {
			return name[2:]
		}
		return name
	})
	switch {
	case ok && len(lines) > 0:
		return best
	case slices.Contains(offers, "identity"):
		return "identity"
	}
	return firstOf(offers)
}

func charsetByTheBook(lines, offers []string) string {
	none := func(string) float64 { return 0 }
	best, ok := nameByTheBook(lines, offers, none, func(name string) string { return name })
	if !ok || emptyLines(lines) {
		return firstOf(offers)
	}
	return best
}

func languageElements(lines []string) ([]element, bool) {
	list, ok := elements(lines, namedElement)
	for _, e := range list {
		ok = ok && basicRange.MatchString(e.name)
	}
	return list, ok
}

func languageByTheBook(lines, offers []string) string {
	list, ok := languageElements(lines)
	if !ok {
		return firstOf(offers)
	}
	refused := func(offer string) bool {
		named := slices.DeleteFunc(slices.Clone(list), func(e element) bool { return e.name == "*" })
		return weigh(named, 1, filtering(offer)) == 0
	}
	priority := slices.DeleteFunc(slices.Clone(list), func(e element) bool { return e.q == 0 })
	slices.SortStableFunc(priority, func(a, b element) int { return cmp.Compare(b.q, a.q) })
	for _, e := range priority {
		subtags := strings.Split(e.name, "-")
		for len(subtags) > 0 {
			for _, o := range offers {
				if strings.EqualFold(o, strings.Join(subtags, "-")) && !refused(o) {
					return o
				}
			}
			subtags = subtags[:len(subtags)-1]
			for len(subtags) > 0 && len(subtags[len(subtags)-1]) == 1 {
				subtags = subtags[:len(subtags)-1]
			}
		}
	}
	return firstOf(languagesByTheBook(lines, offers))
}

// filtering gives the length of a range that matches the offer.
func filtering(offer string) func(element) int {
	return func(e element) int {
		if e.name == "*" {
			return 1
		}
		if strings.HasPrefix(strings.ToLower(offer)+"-", e.name+"-") {
			return 1 + len(e.name)
		}
		return 0
	}
}

func languagesByTheBook(lines, offers []string) []string {
	list, ok := languageElements(lines)
	if !ok {
		return slices.Clone(offers)
	}
	weight := func(offer string) float64 { return weigh(list, 0, filtering(offer)) }
	place := func(offer string) int {
		longest := 0
		for _, e := range list {
			longest = max(longest, filtering(offer)(e))
		}
		return slices.IndexFunc(list, func(e element) bool { return filtering(offer)(e) == longest })
	}
	acceptable := slices.DeleteFunc(slices.Clone(offers), func(o string) bool { return weight(o) == 0 })
	slices.SortStableFunc(acceptable, func(a, b string) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(place(a), place(b)))
	})
	return acceptable
}
