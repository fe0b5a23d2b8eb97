"""The WSGI application that the benchmarks serve: a greeting, and a page of 20 KiB."""

HELLO = b"hello, world\n"
PAGE = b"<!doctype html>\n" + b"<p>The quick brown fox jumps over the lazy dog.</p>\n" * 394


def application(environ, start_response):
    body = PAGE if environ["PATH_INFO"] == "/page" else HELLO
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]
