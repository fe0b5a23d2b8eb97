package deploy

import (
	"io"
	"net/http"
)

// Trace is Build with a probe around each filter, each time that it is put around something, and around each
// app, also around those that filters and apps of several parts ask. So a probe sees what a request is when it
// comes to a filter, and the next one further in what the filter made of it; with the response it is the other
// way round. A pipeline has no probe of its own, those of its filters and its app are all that there is to see.
//
// Probe is called while the site is built. Node is a filter or an app of a tree as Root returns it, the same in
// all calls, and next is what the probe returns a handler for. That handler has to serve each request with next,
// once, and as it came. To look at the response it uses package capture: a writer of its own would hide from
// filters and apps what the server can do.
func (s *Site) Trace(probe func(node *Node, next http.Handler) http.Handler) (http.Handler, io.Closer, error) {
	shown := map[*node]*Node{}
	return s.build(func(n *node, next http.Handler) http.Handler { return probe(n.show(shown), next) })
}
