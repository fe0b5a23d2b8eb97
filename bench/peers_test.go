package bench_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

var update = flag.Bool("update", false, "run the kit over all filters of PEERS.md and write it")

const (
	peersFile   = "../PEERS.md"
	peerRuns    = 3                // how often each peer is run, to see which rules vary
	peersAtOnce = 6                // they mostly wait for what does not come
	peerLimit   = 30 * time.Minute // of one run of one peer
)

// A verdict is what one run found under one rule, as it comes from another process.
type verdict struct {
	ID, Group string
	Outcome   filtertest.Outcome
}

// verdicts runs the kit over p, here.
func verdicts(p peer) (all []verdict, err error) {
	report := filtertest.Check(p.make(), p.declares)
	for _, r := range report {
		all = append(all, verdict{r.ID, r.Group, r.Outcome})
	}
	return all, report.Err()
}

// Our own filters keep every rule, and PEERS.md is about the filters, versions, declarations and rules that are here.
// With -update it is written.
func TestPeers(t *testing.T) {
	rules, err := verdicts(peer{make: always(func(next http.Handler) http.Handler { return next })})
	if err != nil {
		t.Fatal(err)
	}
	all := peers()
	if *update {
		text := peersText(rules, all, runPeers(t, all))
		if err := os.WriteFile(peersFile, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	stored, err := os.ReadFile(peersFile)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"rules": rulesText(rules), "filters": declaredText(all)} {
		if !strings.Contains(string(stored), text) {
			t.Errorf("PEERS.md is about other %s; renew it by %s\n%s", what, peersCommand, text)
		}
	}
	for _, p := range ownPeers() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if _, err := verdicts(p); err != nil {
				t.Error(err)
			}
		})
	}
}

// runPeers runs every peer several times. Each run is a process of its own, so that a peer that hangs, leaks or crashes
// is alone with it.
func runPeers(t *testing.T, all []peer) map[string][][]verdict {
	found := make(map[string][][]verdict)
	var mu sync.Mutex
	var wait sync.WaitGroup
	places := make(chan struct{}, peersAtOnce)
	dir := t.TempDir()
	for run := range peerRuns {
		for i, p := range all {
			wait.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				start := time.Now()
				v, err := runPeer(t.Context(), p.name, filepath.Join(dir, fmt.Sprint(run, "-", i)))
				if err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
				t.Logf("%s: %v", p.name, time.Since(start).Round(time.Second))
				mu.Lock()
				defer mu.Unlock()
				found[p.name] = append(found[p.name], v)
			})
		}
	}
	wait.Wait()
	return found
}

// runPeer runs the peer in a process of its own.
func runPeer(ctx context.Context, name, file string) ([]verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, peerLimit)
	defer cancel()
	run := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestOnePeer$", "-test.timeout=0")
	run.Env = append(os.Environ(), "PEER="+name, "PEER_FILE="+file)
	said, err := run.CombinedOutput()
	text, fileErr := os.ReadFile(file)
	if fileErr != nil {
		return nil, fmt.Errorf("no report: %w\n%s", err, said)
	}
	var v []verdict
	return v, json.Unmarshal(text, &v)
}

// TestOnePeer is the other process of TestPeers, and without PEER_FILE tells what it has seen.
func TestOnePeer(t *testing.T) {
	name, file := os.Getenv("PEER"), os.Getenv("PEER_FILE")
	if name == "" {
		t.Skip("TestPeers runs it")
	}
	all := peers()
	at := slices.IndexFunc(all, func(p peer) bool { return p.name == name })
	if at < 0 {
		t.Fatalf("there is no peer %q", name)
	}
	v, seen := verdicts(all[at])
	if file == "" {
		t.Log(seen)
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
}
