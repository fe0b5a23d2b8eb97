package explain

import (
	"net/http"
	"slices"
	"strings"
)

// place is where an app is mounted.
type place struct {
	key          string // as the file says it
	host, prefix string
}

// placesOf returns the places of a node that mounts apps, as they are in the file.
func placesOf(s *step) []place {
	var places []place
	for _, ref := range s.node.Refs {
		host, prefix, _ := strings.Cut(ref.Place, "/")
		places = append(places, place{ref.Key, host, strings.TrimSuffix("/"+prefix, "/")})
	}
	return places
}

// mountedAt returns the place whose app was asked: that of the host, or of all hosts, by which the script name grew.
func mountedAt(s *step) string {
	grown := strings.TrimPrefix(s.inner[0].In.script, s.In.script)
	for _, host := range []string{s.In.domain, ""} {
		for _, p := range placesOf(s) {
			if p.host == host && p.prefix == grown {
				return p.key
			}
		}
	}
	return grown
}

// nowhere says why no app was asked, and what places are near.
func nowhere(s *step) []string {
	places := placesOf(s)
	if s.Out != nil && s.Out.Status != http.StatusNotFound {
		for _, p := range places {
			switch {
			case !below(s.In.Path, p.prefix):
			case s.Out.Status == http.StatusPermanentRedirect:
				return []string{"the place is " + p.key + ": without the last slash it is a redirect to it"}
			case s.Out.Status == http.StatusBadRequest:
				return []string{"refused: in some reading the path climbs out of " + p.key}
			}
		}
	}
	if len(places) == 0 {
		return []string{"it has no places at all"}
	}
	lines := []string{"the path is below none of its places:"}
	slices.SortStableFunc(places, func(a, b place) int { return nearness(s.In, a) - nearness(s.In, b) })
	const most = 8
	for i, p := range places {
		if i == most {
			lines = append(lines, "  and others")
			break
		}
		lines = append(lines, "  "+p.key+near(s.In, p))
	}
	return lines
}

// near says in what a place differs that somebody may have meant.
func near(a asked, p place) string {
	switch nearness(a, p) {
	case 0:
		return " (of another host)"
	case 1:
		return " (upper and lower case differ)"
	case 2:
		return " (is it this one?)"
	}
	return ""
}

func nearness(a asked, p place) int {
	host := p.host == "" || p.host == a.domain
	first, _, _ := strings.Cut(strings.TrimPrefix(a.Path, "/"), "/")
	own, _, _ := strings.Cut(strings.TrimPrefix(p.prefix, "/"), "/")
	switch {
	case !host && below(a.Path, p.prefix):
		return 0
	case host && below(strings.ToLower(a.Path), strings.ToLower(p.prefix)):
		return 1
	case host && first != "" && distance(first, own) <= 1+len(own)/4:
		return 2
	}
	return 3
}

// below says whether a path is below a prefix, or is it.
func below(path, prefix string) bool { return strings.HasPrefix(path+"/", prefix+"/") }

// distance is how many letters have to be put in, taken out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			before, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, before+cost)
		}
	}
	return row[len(b)]
}
