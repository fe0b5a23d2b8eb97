package guest

import (
	"fmt"
	"net/http"
	"time"
)

func (a *app) live(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "live.html", "Live", nil)
}

// events sends one event at once and then one a second, each flushed, until the client goes or the application ends.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	a.listeners.Add(1)
	defer a.listeners.Add(-1)
	flush := http.NewResponseController(w).Flush
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		_, err := fmt.Fprintf(w, "id: %d\ndata: {\"time\":%q,\"listeners\":%d}\n\n", n,
			time.Now().UTC().Format(time.RFC3339), a.listeners.Load())
		if err != nil || flush() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-a.done:
			return
		}
	}
}
