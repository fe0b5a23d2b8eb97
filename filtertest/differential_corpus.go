package filtertest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// corpus returns the scripts. A new one gets the next free ID, wherever it stands: IDs stay what they are.
func corpus() []script {
	return slices.Concat(headScripts(), bodyScripts(), flushScripts(), requestScripts(), panicScripts(), controlScripts())
}

// textual is the type of most scripts' bodies: compressors take it.
var textual = set("Content-Type", "text/plain; charset=utf-8")

func length(n int) step { return set("Content-Length", strconv.Itoa(n)) }

func headScripts() []script {
	const link = "</style.css>; rel=preload; as=style"
	return []script{
		{id: "X01", name: "does nothing"},
		{id: "X02", name: "sends a status and no body", steps: []step{status(http.StatusAccepted)}},
		{id: "X03", name: "answers 404 with a page", steps: []step{
			set("Content-Type", "text/html; charset=utf-8"), status(http.StatusNotFound), write("<!DOCTYPE html><p>Not here.")}},
		{id: "X04", name: "answers 500 with JSON", steps: []step{
			set("Content-Type", "application/problem+json"), set("Cache-Control", "no-store"),
			status(http.StatusInternalServerError), write(`{"title":"out of order"}`)}},
		{id: "X05", name: "answers with a status of its own", steps: []step{textual, status(299), write("well")}},
		{id: "X06", name: "redirects", steps: []step{set("Location", "../elsewhere?x=1#y"), status(http.StatusSeeOther)}},
		{id: "X07", name: "answers 204", steps: []step{set("X-Kit", "1"), status(http.StatusNoContent)}},
		{id: "X08", name: "answers 304", steps: []step{
			set("ETag", `"v1"`), set("Cache-Control", "max-age=60"), set("Vary", "Cookie"), set("Last-Modified", scriptDate),
			status(http.StatusNotModified)}},
		{id: "X09", name: "sets several fields of one name", steps: []step{
			add("Link", "</1>; rel=next"), add("Link", "</2>; rel=prev"), add("Set-Cookie", "a=1; Path=/"), add("Set-Cookie", "b=2"),
			add("Cache-Control", "private"), add("Cache-Control", "max-age=0"), add("Vary", "Cookie, Origin"), add("X-Empty", ""),
			textual, write("fields")}},
		{id: "X10", name: "sets Date, Server and Connection: close", steps: []step{
			set("Date", scriptDate), set("Server", "kit/1"), set("Connection", "close"), textual, write("bye")}},
		{id: "X11", name: "leaves the type to be guessed", steps: []step{write("<!DOC"), write("TYPE html><title>kit</title>")}},
		{id: "X12", name: "wants no type", steps: []step{suppress("Content-Type"), write("<!DOCTYPE html>")}},
		{id: "X13", name: "sends a second status", steps: []step{
			textual, status(http.StatusNotFound), status(http.StatusInternalServerError), write("gone")}},
		{id: "X14", name: "sets fields after the head", steps: []step{
			textual, set("X-Kit", "early"), status(http.StatusOK), set("X-Kit", "late"), set("X-Late", "1"), drop("Content-Type"), write("text")}},
		{id: "X15", name: "sends a 103 and answers 404", steps: []step{
			set("Link", link), status(http.StatusEarlyHints), drop("Link"), textual, status(http.StatusNotFound), write("not here")}},
		{id: "X16", name: "sends a 102 and two 103", steps: []step{
			status(http.StatusProcessing), set("Link", link), status(http.StatusEarlyHints), set("Link", "</2>"), status(http.StatusEarlyHints),
			textual, write("text")}},
		{id: "X17", name: "answers HEAD with a length", method: "HEAD", steps: []step{textual, set("ETag", `"v1"`), length(4000), status(http.StatusOK)}},
		{id: "X18", name: "writes on HEAD", method: "HEAD", steps: []step{textual, write("short")}},
	}
}

func bodyScripts() []script {
	text := prose(64 << 10)
	long := string(noise(300_000))
	return []script{
		{id: "X19", name: "writes a few words", steps: []step{textual, write("a few words")}},
		{id: "X20", name: "writes text of 64 KiB", steps: []step{textual, set("ETag", `"v1"`), write(text)}},
		{id: "X21", name: "writes what does not compress", steps: []step{set("Content-Type", "application/octet-stream"), write(long)}},
		{id: "X22", name: "writes text in small pieces", steps: []step{textual, pieces(prose(9000), 30)}},
		{id: "X23", name: "writes in every way by turns", steps: []step{
			textual, write(""), write("one "), writeString("two "), copies(prose(5000)), writeString(""), write(prose(3000)), copies(long)}},
		{id: "X24", name: "declares a short length", steps: []step{textual, length(10), write("0123456789")}},
		{id: "X25", name: "declares a long length", steps: []step{textual, length(len(text)), pieces(text, 10_000)}},
		{id: "X26", name: "writes more than it declared", steps: []step{textual, length(10), write("0123456789"), flushes, write("more")}},
		{id: "X27", name: "writes less than it declared", steps: []step{textual, length(100_000), write(text)}},
		{id: "X28", name: "writes on a 204", steps: []step{status(http.StatusNoContent), write("text")}},
		{id: "X29", name: "writes on a 304", steps: []step{set("ETag", `"v1"`), status(http.StatusNotModified), write("text")}},
		{id: "X30", name: "writes nothing, then something", steps: []step{textual, set("X-Kit", "early"), write(""), set("X-Kit", "late"), write("something")}},
		{id: "X31", name: "sends a body that is coded already", steps: []step{
			textual, set("Content-Encoding", "br"), set("ETag", `"v1-br"`), add("Vary", "Accept-Encoding"), write(string(noise(8 << 10)))}},
		{id: "X32", name: "sends a part", fields: []string{"Range", "bytes=10-4009"}, steps: []step{
			textual, set("Content-Range", "bytes 10-4009/65536"), set("ETag", `"v1"`), status(http.StatusPartialContent), write(text[10:4010])}},
		{id: "X33", name: "wants its bytes left alone", steps: []step{
			textual, set("Cache-Control", "no-transform"), set("Content-Digest", "sha-256=:a2l0:"), set("ETag", `"v1"`), write(text)}},
		{id: "X34", name: "serves content", steps: []step{set("ETag", `"v1"`), func(t *turn) {
			http.ServeContent(t.w, t.r, "kit.txt", time.Unix(1_700_000_000, 0), strings.NewReader(text))
		}}},
		{id: "X35", name: "reports an error by http.Error", steps: []step{set("ETag", `"v1"`), func(t *turn) {
			http.Error(t.w, "no such thing", http.StatusNotFound)
		}}},
	}
}

func flushScripts() []script {
	return []script{
		{id: "X36", name: "flushes the head", steps: []step{textual, status(http.StatusAccepted), flushes, arrives, write("done")}},
		{id: "X37", name: "flushes piece by piece", steps: []step{
			textual, write("one "), flushes, arrives, write(prose(5000)), flushes, arrives, write("three"), flushes, arrives}},
		{id: "X38", name: "sends events", steps: []step{
			set("Content-Type", "text/event-stream"), set("Cache-Control", "no-cache"), write("data: 1\n\n"), flushes, arrives,
			write("data: 2\n\n"), flushes, arrives}},
		{id: "X39", name: "flushes amid a declared length", steps: []step{
			textual, length(8), write("0123"), flushes, arrives, write("4567")}},
		{id: "X40", name: "declares a trailer", steps: []step{
			textual, set("Trailer", "X-Kit-Sum"), write("text"), flushes, set("X-Kit-Sum", "42")}},
		{id: "X41", name: "declares a trailer and sets none", steps: []step{textual, set("Trailer", "X-Kit-Sum"), write("text")}},
		{id: "X42", name: "adds a trailer when it has flushed", steps: []step{
			textual, write("text"), flushes, set(http.TrailerPrefix+"X-Kit-Sum", "42")}},
		{id: "X43", name: "answers a remote call in a trailer alone", steps: []step{
			set("Content-Type", "application/grpc"), set("Trailer", "Grpc-Status"), status(http.StatusOK), flushes, set("Grpc-Status", "12")}},
	}
}

func requestScripts() []script {
	const urlencoded = "application/x-www-form-urlencoded"
	body, mediaType := form([]byte("file"))
	return []script{
		{id: "X44", name: "looks at its request", method: "PUT", target: "/a%2Fb/;v=1?q=1&q=%2F", body: "body",
			fields: []string{"X-Kit", "1", "Cookie", "a=1; b=2", "Authorization", "Basic a2l0OmtpdA==", "If-None-Match", `"v0"`,
				"Content-Type", "text/plain", "X-Forwarded-For", "192.0.2.7", "Forwarded", "for=192.0.2.7", "Referer", "http://kit.example/"},
			steps: []step{looks, textual, write("seen")}},
		{id: "X45", name: "reads an upload", method: "POST", body: prose(100_000), steps: []step{reads(-1), readsOnce, closes, textual, write("read")}},
		{id: "X46", name: "reads an upload without a length", method: "POST", body: prose(100_000), chunked: true,
			trailer: http.Header{"X-Kit-Sum": {"42"}}, steps: []step{looks, reads(-1), readsTrailer, textual, write("read")}},
		{id: "X47", name: "reads the beginning of an upload", method: "POST", body: prose(20_000), steps: []step{reads(100), textual, write("enough")}},
		{id: "X48", name: "reads an upload that it has closed", method: "POST", body: "body", steps: []step{closes, readsOnce, textual, write("closed")}},
		{id: "X49", name: "reads an empty body", method: "POST", steps: []step{looks, reads(-1), textual, write("read")}},
		{id: "X50", name: "reads when the client waits for 100 Continue", method: "POST", body: "body", fields: []string{"Expect", "100-continue"},
			steps: []step{reads(-1), textual, write("read")}},
		{id: "X51", name: "refuses when the client waits for 100 Continue", method: "POST", body: "body", fields: []string{"Expect", "100-continue"},
			steps: []step{textual, status(http.StatusForbidden), write("no")}},
		{id: "X52", name: "reads a form", method: "POST", body: "a=1&b=%2F&a=2", fields: []string{"Content-Type", urlencoded},
			steps: []step{readsForm, textual, write("read")}},
		{id: "X53", name: "reads a form with a file", method: "POST", body: body.String(), fields: []string{"Content-Type", mediaType},
			steps: []step{readsForm, textual, write("read")}},
		{id: "X54", name: "is asked for its options", method: "OPTIONS", fields: []string{"Origin", "http://kit.example"},
			steps: []step{looks, set("Allow", "GET, OPTIONS"), status(http.StatusNoContent)}},
		{id: "X55", name: "reads and writes by turns", method: "POST", body: prose(9000), steps: []step{
			duplex, textual, reads(10), write("ten "), flushes, arrives, reads(1000), write("a thousand "), flushes, arrives, reads(-1), write("all")}},
	}
}

func panicScripts() []script {
	const fault = "filtertest: a handler that fails"
	return []script{
		{id: "X56", name: "panics", steps: []step{textual, set("Cache-Control", "max-age=60"), fail(fault)}},
		{id: "X57", name: "panics when it has written", steps: []step{textual, write("half"), fail(fault)}},
		{id: "X58", name: "panics when the client has read something", steps: []step{textual, write("half"), flushes, arrives, fail(fault)}},
		{id: "X59", name: "aborts", steps: []step{fail(http.ErrAbortHandler)}},
		{id: "X60", name: "aborts when the client has read something", steps: []step{textual, write("half"), flushes, arrives, fail(http.ErrAbortHandler)}},
	}
}

func controlScripts() []script {
	return []script{
		{id: "X61", name: "sets deadlines that do not fire", method: "POST", body: "body", steps: []step{
			readDeadlineAt(inAnHour), writeDeadlineAt(inAnHour), reads(-1), textual, write("in time")}},
		{id: "X62", name: "reads after its deadline", method: "POST", body: "body", fields: []string{"Expect", "100-continue"}, steps: []step{
			readDeadlineAt(longAgo), readsOnce}},
		{id: "X63", name: "writes after its deadline", steps: []step{textual, writeDeadlineAt(longAgo), write(string(noise(100_000))), flushes}},
		{id: "X64", name: "tries to hijack a stream", over: []protocol{http2}, steps: []step{hijacks, textual, status(http.StatusNotImplemented), write("no")}},
	}
}
