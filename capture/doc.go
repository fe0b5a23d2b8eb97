// Package capture watches, changes and holds the response of a handler.
//
// It has the one [http.ResponseWriter] of this module. A filter asks for what
// it needs and never wraps the writer itself:
//
//   - [Observe] reports status and size when the handler is done;
//   - [Transform] runs a [Hook] once, before the final head goes out, which
//     may edit the head and may put a writer into the body's way, and [Hold]
//     lets the head decide how much of the body the hook sees;
//   - [Record] runs a handler into an [http.Response], [Stream] runs it while
//     its body is read, [Send] writes one;
//   - [Try] serves a handler whose answer may be refused, and then another;
//     [Attempt] does so with a hook.
//
// Filters that are stacked share one writer: each adds a layer to the writer
// of the filter around it. A request through ten of them costs one small
// allocation. Layers run innermost first and end when their handler returns.
//
// What the server's writer can do, the captured one can: Flush always, Hijack
// and ReadFrom (sendfile) over HTTP/1, deadlines, full duplex and whatever else
// an [http.ResponseController] reaches through Unwrap. Informational responses
// (1xx) pass straight through. The header map is the server's own, so trailers
// work. Two things do not pass: an [http.Pusher], and the way in which
// [http.MaxBytesReader] closes a connection, for which one unwraps to the
// innermost writer (golang/go#73754).
//
// A handler that keeps the writer and uses it after the outermost filter
// returned gets an error and reaches nobody: nothing that a handler can hold
// on to is ever used for another request.
//
// The rest of the package keeps a changed body honest: whether a response may
// be transformed ([Head.Transformable]), what no longer holds when it was
// ([Head.Changed]), and how validators find their way back ([Unmark],
// [Head.Revalidated], [Vary]).
package capture
