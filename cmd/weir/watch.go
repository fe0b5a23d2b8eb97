package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/weirhttp/weir/deploy"
)

// How long files have to be quiet before they are read again, since editors and deployments change them in several
// steps, and how long they may keep one waiting.
const (
	quiet   = 100 * time.Millisecond
	patient = time.Second
)

// watcher has a site read again when SIGHUP comes, and when its files change if these are watched.
type watcher struct {
	live    *deploy.Live
	log     *slog.Logger
	counted func(error) // gets what came of each reload, unless there was nothing new; nil: nobody
	hungUp  func()      // is called at SIGHUP, before the site is read again; nil: nobody
	hangups chan os.Signal
	files   *fsnotify.Watcher // nil: none are watched
	places  map[string]bool   // what matters in the folders that are watched, and these
	broken  string            // what was wrong the last time; empty: nothing
}

// newWatcher listens for SIGHUP, and watches the files of a site if it is asked to.
func newWatcher(live *deploy.Live, files bool, log *slog.Logger) (*watcher, error) {
	w := &watcher{live: live, log: log, hangups: make(chan os.Signal, 1)}
	if files {
		var err error
		if w.files, err = fsnotify.NewBufferedWatcher(64); err != nil {
			return nil, fmt.Errorf("files cannot be watched: %w", err)
		}
		w.follow()
	}
	signal.Notify(w.hangups, syscall.SIGHUP)
	return w, nil
}

// run reads the site again when there is a reason to, until ctx ends.
func (w *watcher) run(ctx context.Context) {
	defer signal.Stop(w.hangups)
	var events chan fsnotify.Event
	var errs chan error
	if w.files != nil {
		defer w.files.Close()
		events, errs = w.files.Events, w.files.Errors
		w.reload(false) // what changed since the site was opened
	}
	var due <-chan time.Time // nil: nothing has changed
	var since time.Time
	changed := func() {
		if due == nil {
			since = time.Now()
		}
		due = time.After(min(quiet, time.Until(since.Add(patient))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.hangups:
			if w.hungUp != nil {
				w.hungUp()
			}
			w.reload(true)
		case e := <-events:
			if w.places[e.Name] {
				changed()
			}
		case err := <-errs: // events were lost, for one
			w.log.Warn("watching files", "error", err)
			changed()
		case <-due:
			due = nil
			w.reload(false)
		}
	}
}

// reload has the site read again, and says what came of it: all of that if somebody asked for it, else what is new.
func (w *watcher) reload(asked bool) {
	for again := true; again; again = w.follow() { // what changes before a folder is watched is seen now
		changed, err := w.live.Reload()
		if w.counted != nil && (changed || err != nil) {
			w.counted(err)
		}
		w.tell(changed, asked, err)
		asked = false
	}
}

// tell logs what came of a reload.
func (w *watcher) tell(changed, asked bool, err error) {
	_, older := w.live.InFlight()
	file := w.live.Site().Files()[0]
	switch {
	case errors.Is(err, http.ErrServerClosed):
	case err != nil && (asked || err.Error() != w.broken):
		w.tellErrors(file, err)
	case changed:
		w.log.Info("the site was read again", "file", file, "requests on older ones", older)
		for _, one := range w.live.Site().Warnings {
			w.log.Warn(one.Message, place(one)...)
		}
	case err == nil && w.broken != "":
		w.log.Info("the site is again what is served", "file", file)
	case err == nil && asked:
		w.log.Info("the site has not changed", "file", file)
	}
	if w.broken = ""; err != nil {
		w.broken = err.Error()
	}
}

// tellErrors logs each error of a site.
func (w *watcher) tellErrors(file string, err error) {
	list, ok := errors.AsType[deploy.Errors](err)
	if !ok {
		w.log.Error("the site could not be read again", "file", file, "error", err)
	}
	for _, one := range list {
		w.log.Error(one.Message, place(one)...)
	}
	w.log.Error("the site stays as it is", "file", file, "errors", max(1, len(list)))
}

// place returns where something is wrong, as attributes of a record.
func place(e *deploy.Error) []any {
	attrs := []any{"file", e.Pos.File, "line", e.Pos.Line, "column", e.Pos.Column}
	for _, more := range [][2]string{{"section", e.Section}, {"hint", e.Hint}} {
		if more[1] != "" {
			attrs = append(attrs, more[0], more[1])
		}
	}
	return attrs
}

// follow watches the folders of the files that the site was read from, and no others. It says whether there is one
// more: what changed there before that was not seen.
func (w *watcher) follow() (more bool) {
	if w.files == nil {
		return false
	}
	w.places = map[string]bool{}
	var folders []string
	for _, file := range w.live.Files() {
		for _, name := range places(file) {
			w.places[name] = true
			folders = append(folders, filepath.Dir(name))
		}
	}
	slices.Sort(folders)
	folders = slices.Compact(folders)
	watched := w.files.WatchList()
	for _, folder := range watched {
		if !slices.Contains(folders, folder) {
			_ = w.files.Remove(folder) // it may be gone by itself
		}
	}
	for _, folder := range folders {
		w.places[folder] = true // that it was moved or removed
		if slices.Contains(watched, folder) {
			continue
		}
		if err := w.files.Add(folder); err != nil {
			w.log.Warn("a folder cannot be watched", "folder", folder, "error", err)
			continue
		}
		more = true
	}
	return more
}
