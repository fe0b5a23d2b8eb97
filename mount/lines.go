package mount

import (
	"context"
	"log/slog"
	"strings"

	"github.com/weirhttp/weir/internal/late"
)

// lines is an io.Writer that logs what a program writes to its standard error, line by
// line. Only one goroutine uses it at a time.
type lines struct {
	ctx     context.Context
	logger  *slog.Logger
	message string
	begun   []byte
}

// longestLine is how many bytes of a line are kept before they are logged.
const longestLine = 8 << 10

func (l *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c == '\n' || len(l.begun) == longestLine {
			l.end()
		}
		if c != '\n' {
			l.begun = append(l.begun, c)
		}
	}
	return len(p), nil
}

// end logs the line that has begun, if any.
func (l *lines) end() {
	if line := strings.TrimSuffix(string(l.begun), "\r"); line != "" {
		l.logger.LogAttrs(l.ctx, slog.LevelWarn, l.message, slog.String("line", line))
	}
	l.begun = l.begun[:0]
}

// orDefaultLogger is logger, or that of slog.Default when a record comes.
func orDefaultLogger(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return late.Logger()
	}
	return logger
}
