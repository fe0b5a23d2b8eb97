package deploy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// suggest returns "did you mean …?" for the name that is nearest to a wrong one, or nothing.
func suggest(wrong string, names []string) string {
	best, least := "", len([]rune(wrong))/3+2 // more edits than that are another word
	slices.Sort(names)
	for _, name := range names {
		if d := distance([]rune(wrong), []rune(name)); d < least && d < len([]rune(name)) {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return didYouMean(best)
}

// listed is how many names a hint has at most.
const listed = 30

// choose is suggest, or else a list of the names, where there are not too many.
func choose(wrong string, names []string) string {
	hint := suggest(wrong, names)
	if names = slices.Compact(names); hint != "" || len(names) == 0 || len(names) > listed {
		return hint
	}
	for i, name := range names {
		if !token.Is(name) {
			names[i] = strconv.Quote(name)
		}
	}
	return "choose one of " + strings.Join(names, ", ")
}

func didYouMean(name string) string {
	return "did you mean " + strconv.Quote(name) + "?"
}

// distance counts the characters to be added, dropped, changed or swapped with the next to make b of a.
func distance(a, b []rune) int {
	if max(len(a), len(b)) > 100 {
		return 100
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
