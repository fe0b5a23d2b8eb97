package bench_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const words = `the of and to in a is that for it as was with be by on not he his but at are this have from which one had
or an they were all their there been has when who will more no if out so said what up its about into than them can only
other new some could time these two may then do first any my now such like our over man me even most made after also did
many before must through back years where much your way well down should because each just those people how too little
state good very make world still own see men work long get here between both life being under never day same another know
while last might us great old year off come since against go came right used take three filter request response handler
server client header status body cache mount prefix script session cookie stream token window upload gateway`

// page returns size bytes of HTML or JSON such as applications make: markup or keys
// that repeat around words and numbers that do not. It is the same every time.
func page(kind string, size int) []byte {
	g := generator{rand.New(rand.NewPCG(1, uint64(size))), strings.Fields(words)}
	var b strings.Builder
	if kind == "html" {
		b.WriteString("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Records</title>" +
			"<link rel=\"stylesheet\" href=\"/assets/site.css\"></head>\n<body>\n<main class=\"list\">\n")
	} else {
		b.WriteString("{\"records\":[\n")
	}
	for i := 0; b.Len() < size; i++ {
		if kind == "html" {
			g.article(&b, i)
		} else {
			g.record(&b, i)
		}
	}
	return []byte(b.String()[:size])
}

type generator struct {
	*rand.Rand
	words []string
}

func (g generator) article(b *strings.Builder, i int) {
	fmt.Fprintf(b, "<article class=\"entry entry-%s\" id=\"e%d\">\n  <h2><a href=\"/records/%d-%s\">%s</a></h2>\n",
		[]string{"odd", "even"}[i%2], i, g.IntN(1e6), g.word(), g.text(3+g.IntN(5)))
	fmt.Fprintf(b, "  <p class=\"meta\">By <em>%s %s</em> on <time datetime=\"2026-%02d-%02d\">%d days ago</time></p>\n",
		g.word(), g.word(), 1+g.IntN(12), 1+g.IntN(28), g.IntN(300))
	fmt.Fprintf(b, "  <p>%s.</p>\n</article>\n", g.text(20+g.IntN(60)))
}

func (g generator) record(b *strings.Builder, i int) {
	fmt.Fprintf(b, "{\"id\":%d,\"uuid\":\"%016x\",\"name\":\"%s\",\"owner\":{\"login\":\"%s%d\",\"admin\":%t},", 100000+i,
		g.Uint64(), g.text(2), g.word(), g.IntN(100), g.IntN(9) == 0)
	fmt.Fprintf(b, "\"created\":\"2026-%02d-%02dT%02d:%02d:%02dZ\",\"score\":%.4f,\"tags\":[\"%s\",\"%s\"],\"note\":\"%s\"},\n",
		1+g.IntN(12), 1+g.IntN(28), g.IntN(24), g.IntN(60), g.IntN(60), g.Float64()*100, g.word(), g.word(), g.text(4+g.IntN(14)))
}

// word picks common words more often, as texts do.
func (g generator) word() string {
	n := len(g.words)
	return g.words[min(g.IntN(n), g.IntN(n), g.IntN(n))]
}

func (g generator) text(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = g.word()
	}
	return strings.Join(all, " ")
}
