package filtertest

import (
	"net/http"
	"testing"
	"time"
)

// SpawnWith is Spawn with less patience, to see what happens when it ends.
func SpawnWith(t testing.TB, f func(http.Handler) http.Handler, patience time.Duration) *Spawned {
	return spawn(t, f, false, patience)
}
