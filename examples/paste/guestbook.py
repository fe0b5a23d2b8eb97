"""A guestbook, and a filter around it, as PasteDeploy's factories."""

from html import escape
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, quote


def app(global_conf, title):
    """Makes the application: a page with a form, which posts back to it."""
    entries = []

    def show(environ, start_response):
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("name")
        name = escape(cookie.value) if cookie else ""
        here = escape(quote(environ["SCRIPT_NAME"]))
        page = f"""<!doctype html><title>{escape(title)}</title>
<link rel="stylesheet" href="{here}/static/guests.css">
<h1>{escape(title)}</h1><form method="post" action="{here}/sign">
<input name="name" value="{name}"><input name="words"><button>Sign</button></form>
"""
        page += "".join(f"<p>{escape(name)}: {escape(words)}\n" for name, words in entries)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [page.encode()]

    def sign(environ, start_response):
        form = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
        name, words = form.get("name", [""])[0], form.get("words", [""])[0]
        entries.append((name, words))
        script = quote(environ["SCRIPT_NAME"])
        start_response("303 See Other", [("Location", script + "/"), ("Content-Type", "text/plain"),
                                         ("Set-Cookie", f"name={quote(name)}; Path={script}/; HttpOnly")])
        return [b"thank you\n"]

    def application(environ, start_response):
        question = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if question in (("GET", "/"), ("HEAD", "/"), ("GET", "")):
            return show(environ, start_response)
        if question == ("POST", "/sign"):
            return sign(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"there is no such page\n"]

    return application


def signed(global_conf, by):
    """Makes a filter that adds the field X-Signed-By."""

    def filter(app):
        def application(environ, start_response):
            def start(status, fields, exc_info=None):
                return start_response(status, fields + [("X-Signed-By", by)], exc_info)

            return app(environ, start)

        return application

    return filter
