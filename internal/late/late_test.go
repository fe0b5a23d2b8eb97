package late_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/late"
)

// TestLogger has records go where slog.Default says when they come.
func TestLogger(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	l := late.Logger().With("app", "shop").WithGroup("request")
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	l.Info("not at this level")
	l.Warn("it fails", "id", 1)
	if got := out.String(); !strings.HasSuffix(got, `level=WARN msg="it fails" app=shop request.id=1`+"\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("it logs %q", got)
	}
}
